import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { azureTemplate } from '../src/azure.ts'
import { emulatorConfig, microsoftEmulator } from '../src/emulator.ts'
import { subscriptions, topics } from '../src/topology.ts'

const { resources } = azureTemplate()
const made = resources.map(({ type, name, dependsOn, properties }) => {
  const [, path = ''] = /^\[concat\(parameters\('namespace'\), '\/(.*)'\)\]$/.exec(name) ?? []
  return { type, path, dependsOn, properties }
})
const below = (depth: number) => made.filter(({ path }) => path.split('/').length === depth)

describe('the topology, for Azure', () => {
  it('has every topic and subscription, with the settings of production', () => {
    expect(below(1).map(({ path }) => path)).toEqual(topics)
    expect(below(2).map(({ path }) => path)).toEqual(subscriptions.map(({ topic, service }) => `${topic}/${service}`))
    const timeToLive = { defaultMessageTimeToLive: 'P14D' }
    for (const { properties } of below(1))
      expect(properties).toEqual({
        ...timeToLive,
        requiresDuplicateDetection: true,
        duplicateDetectionHistoryTimeWindow: 'PT5M',
      })
    for (const { properties } of below(2))
      expect(properties).toEqual({
        ...timeToLive,
        lockDuration: 'PT1M',
        maxDeliveryCount: 10,
        deadLetteringOnMessageExpiration: true,
        requiresSession: false,
      })
  })

  it('lets through what the emulator lets through, and nothing by the rule that Azure makes', () => {
    const [namespace] = emulatorConfig().UserConfig.Namespaces
    const asked = namespace?.Topics.flatMap((topic) =>
      topic.Subscriptions.flatMap((subscription) => [
        [`${topic.Name}/${subscription.Name}/$Default`, { sqlExpression: '1=0' }],
        ...subscription.Rules.map(({ Name, Properties: { CorrelationFilter: filter } }) => [
          `${topic.Name}/${subscription.Name}/${Name}`,
          { label: filter.Label, ...('Properties' in filter && { properties: filter.Properties }) },
        ]),
      ]),
    )
    const filters = below(3).map(({ path, properties }) => {
      const { filterType, ...rest } = properties as Record<string, object>
      expect(Object.keys(rest)).toEqual([`${String(filterType).replace(/^./, (first) => first.toLowerCase())}`])
      return [path, Object.values(rest)[0]]
    })
    expect(filters).toEqual(asked)
  })

  it('is made in an order in which nothing is before what it is in, and nothing of a topic at once', () => {
    const idOf = ({ type, path }: (typeof made)[number]) =>
      `[resourceId('${type}', parameters('namespace'), ${path
        .split('/')
        .map((name) => `'${name}'`)
        .join(', ')})]`
    const parts = ['topics', 'subscriptions', 'rules']
    for (const [at, entity] of made.entries()) {
      const path = entity.path.split('/')
      expect(entity.type).toBe(['Microsoft.ServiceBus/namespaces', ...parts.slice(0, path.length)].join('/'))
      const before = made[at - 1]
      expect(entity.dependsOn, entity.path).toEqual(path.length > 1 && before ? [idOf(before)] : [])
      if (path.length > 1) expect(made.slice(0, at).map((each) => each.path)).toContain(path.slice(0, -1).join('/'))
    }
  })

  it('keeps to the lengths of names', () => {
    for (const { path } of below(3))
      expect(
        path.split('/').every((name) => name.length <= 50),
        path,
      ).toBe(true)
  })
})

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const run = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [main, ...args], (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })

describe('the command', () => {
  it("prints what is for Microsoft's emulator, and with --azure what is for Azure", async () => {
    const [emulator, azure] = await Promise.all([run(), run('--azure')])
    expect([emulator.code, JSON.parse(emulator.out)]).toEqual([0, emulatorConfig(microsoftEmulator)])
    expect([azure.code, JSON.parse(azure.out)]).toEqual([0, azureTemplate()])
  })

  it('tells of the rule that must go, and what is wrong with a command line', async () => {
    const [help, wrong] = await Promise.all([run('--help'), run('--azur')])
    expect([help.code, help.out]).toEqual([0, expect.stringContaining('$Default')])
    expect(wrong).toMatchObject({ code: 2, out: '', err: expect.stringContaining("Unknown option '--azur'") })
  })
})
