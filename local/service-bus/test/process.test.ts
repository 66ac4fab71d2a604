import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { ServiceBusReceivedMessage } from '@azure/service-bus'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientOf, until } from './bus.ts'
import { configOf } from './config.ts'
import { configFile, run, serve, temporaryDirectory } from './process.ts'

const config = configOf({ queues: { work: {} } })
const free = ['--port', '0', '--admin-port', '0']

describe('kill -9 of a broker under load', { timeout: 20_000 }, () => {
  test('loses nothing that was accepted, and brings back nothing whose completion was acknowledged', async () => {
    const flags = [...free, '--config', configFile(config), '--data', temporaryDirectory()]
    const before = await serve(...flags)
    const client = clientOf(before.connectionString)
    const accepted = new Set<number>()
    const handed = new Set<number>()
    const completed = new Set<number>()
    const receiver = client.createReceiver('work')
    receiver.subscribe(
      {
        processMessage: async (message: ServiceBusReceivedMessage) => {
          handed.add(message.body)
          await receiver.completeMessage(message)
          completed.add(message.body)
        },
        // The broker is killed: whatever is under way then fails, and is not counted.
        processError: async () => undefined,
      },
      { autoCompleteMessages: false, maxConcurrentCalls: 5 },
    )
    const sender = client.createSender('work')
    let next = 0
    let alive = true
    const sending = Array.from({ length: 20 }, async () => {
      while (alive) {
        const body = next++
        await sender.sendMessages({ body, messageId: String(body) }).then(
          () => accepted.add(body),
          () => {
            alive = false
          },
        )
      }
    })
    await until(
      () => [accepted.size, completed.size],
      ([sent = 0, done = 0]) => sent > 1000 && done > 200,
    )
    await before.end('SIGKILL')
    await Promise.all(sending)
    const after = await serve(...flags)
    const other = clientOf(after.connectionString)
    const found = new Set<number>()
    const rest = other.createReceiver('work', { receiveMode: 'receiveAndDelete' })
    for (;;) {
      const messages = await rest.receiveMessages(500, { maxWaitTimeInMs: 300 })
      for (const { body } of messages) found.add(body)
      if (messages.length === 0) break
    }
    const lost = [...accepted].filter((body) => !found.has(body) && !completed.has(body))
    expect(accepted.size).toBeGreaterThan(1000)
    expect(completed.size).toBeLessThan(accepted.size)
    // A completion under way when the broker died may be on disk without having been acknowledged: five at most.
    expect(lost.length).toBeLessThanOrEqual(5)
    expect(lost.filter((body) => !handed.has(body))).toEqual([])
    expect([...completed].filter((body) => found.has(body))).toEqual([])
    expect(await after.end('SIGTERM')).toBe(0)
  }, 30_000)
})

test('a subscriber goes on by itself when the broker is back', async () => {
  const flags = ['--config', configFile(config), '--data', temporaryDirectory()]
  const first = await serve(...free, ...flags)
  const client = clientOf(first.connectionString)
  const seen: unknown[] = []
  client.createReceiver('work').subscribe({
    processMessage: async ({ body }) => void seen.push(body),
    processError: async () => undefined,
  })
  await client.createSender('work').sendMessages({ body: 'before' })
  await until(
    () => seen.length,
    (count) => count === 1,
  )
  await first.end('SIGTERM')
  const second = await serve('--port', String(first.port), '--admin-port', '0', ...flags)
  await clientOf(second.connectionString).createSender('work').sendMessages({ body: 'after' })
  await until(
    () => seen.length,
    (count) => count === 2,
  )
  expect(seen).toEqual(['before', 'after'])
}, 20_000)

describe('the command', { timeout: 20_000 }, () => {
  test('says in one line where it listens, and ends with 0 on SIGTERM', async () => {
    const broker = await serve(...free, '--config', configFile(config))
    expect(broker).toMatchObject({
      event: 'ready',
      name: 'service-bus',
      connectionString: expect.stringContaining(`sb://127.0.0.1:${broker.port};`),
    })
    expect(await broker.end('SIGTERM')).toBe(0)
  })

  test.each(['--port', '--admin-port'])('names a %s that is taken', async (flag) => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    const { code, stderr } = await run(...free, flag, String(port), '--config', configFile(config))
    expect(stderr).toBe(`service-bus: port ${port} is taken; end what listens there, or name another port\n`)
    expect(code).toBe(1)
  })

  test.each([
    ['no configuration', [], '--config: is required'],
    ['a file that is not there', ['--config', '/nowhere.json'], '--config /nowhere.json cannot be read'],
    ['an unknown flag', ['--colour', 'red'], "Unknown option '--colour'"],
    ['a port that is none', ['--config', 'x', '--port', 'http'], '--port: '],
  ])('names %s', async (_, flags, problem) => {
    const { code, stderr } = await run(...flags)
    expect(stderr).toContain(problem)
    expect(code).toBe(1)
  })

  test('names the setting of a configuration it cannot serve, and the file', async () => {
    const file = configFile(configOf({ queues: { work: { RequiresSession: true } } }))
    const { code, stderr } = await run(...free, '--config', file)
    expect(stderr).toContain(file)
    expect(stderr).toContain(
      'UserConfig.Namespaces[0].Queues[0].Properties.RequiresSession: sessions are not supported',
    )
    expect(code).toBe(1)
  })
})
