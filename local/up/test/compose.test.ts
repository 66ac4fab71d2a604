import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { emulatorConfig, microsoftEmulator } from '@flotilla/contracts/emulator'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readElsewhere } from '../src/flags.ts'
import { root } from '../src/members.ts'

/** compose.yaml cannot be run where there is no Docker; that it fits the rest of the repository can be seen without. */

interface Service {
  readonly image: string
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>
}

interface Workflow {
  readonly permissions: unknown
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly 'timeout-minutes': number
        readonly env: Readonly<Record<string, string>>
        readonly steps: readonly { readonly run?: string; readonly env?: Readonly<Record<string, string>> }[]
      }
    >
  >
}

const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
const { services } = parse(textOf('compose.yaml'), { merge: true }) as { services: Readonly<Record<string, Service>> }
const workflow = parse(textOf('.github/workflows/journeys.yaml')) as Workflow

const service = (name: string): Service => {
  const found = services[name]
  if (!found) throw new Error(`compose.yaml has no service ${name}`)
  return found
}

/** Where a port of a container is found on this machine. */
function published(name: string, port: number): { host: string; port: string } {
  const found = service(name).ports?.find((each) => each.endsWith(`:${port}`))
  const [host = '', outside = ''] = (found ?? '').split(':')
  return { host, port: outside }
}

const password = service('sql-server').environment?.MSSQL_SA_PASSWORD ?? ''
const [sql, amqp, cosmos] = [published('sql-server', 1433), published('service-bus', 5672), published('cosmos', 8081)]

/** What `npm start` and `npm test` are told, as it follows from compose.yaml. */
const settings = {
  FLOTILLA_SQLSERVER: `Server=${sql.host},${sql.port};User Id=sa;Password=${password};TrustServerCertificate=true`,
  FLOTILLA_SERVICEBUS:
    `Endpoint=sb://${amqp.host}:${amqp.port};SharedAccessKeyName=RootManageSharedAccessKey;` +
    'SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;',
  FLOTILLA_COSMOS: `http://${cosmos.host}:${cosmos.port}`,
}

describe('compose.yaml', () => {
  it('names each image with a version', () => {
    for (const { image } of Object.values(services)) expect(image).toMatch(/:[\w.-]*\d[\w.-]*$/)
  })

  it('listens on this machine only, for its passwords are no secret', () => {
    const ports = Object.values(services).flatMap((each) => each.ports ?? [])
    expect(ports.length).toBeGreaterThan(0)
    expect(ports.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([])
  })

  it('mounts the topology as the contracts have it', () => {
    const [volume = ''] = service('service-bus').volumes ?? []
    const [file = '', target, mode] = volume.split(':')
    expect([target, mode]).toEqual(['/ServiceBus_Emulator/ConfigFiles/Config.json', 'ro'])
    expect(existsSync(join(root, file))).toBe(true)
    const why = 'npm run --silent topology > deploy/emulators/service-bus.json brings it up to date'
    expect(JSON.parse(textOf(file)), why).toEqual(emulatorConfig(microsoftEmulator))
  })

  it('gives the Service Bus emulator a SQL Server that is ready, with its password', () => {
    const { environment, depends_on: before } = service('service-bus')
    const server = environment?.SQL_SERVER ?? ''
    expect(before).toEqual({ [server]: { condition: 'service_healthy' } })
    expect(environment?.MSSQL_SA_PASSWORD).toBe(service(server).environment?.MSSQL_SA_PASSWORD)
    expect(server).not.toBe('sql-server')
  })

  it('has a password that SQL Server takes, which its health check knows', () => {
    expect(password.length).toBeGreaterThanOrEqual(8)
    for (const kind of [/[a-z]/, /[A-Z]/, /\d/]) expect(password).toMatch(kind)
    // In a connection string it would need quotes, and in compose.yaml a second dollar sign.
    expect(password).not.toMatch(/[;='"${}\s]/)
    for (const name of ['sql-server', 'service-bus-sql']) {
      const test = service(name).healthcheck?.test ?? []
      expect(test.slice(0, 3)).toEqual(['CMD', '/opt/mssql-tools18/bin/sqlcmd', '-C'])
      expect(test[test.indexOf('-P') + 1]).toBe(service(name).environment?.MSSQL_SA_PASSWORD)
    }
  })

  it('is up when each server is healthy: by its own check, or by that of emulators-ready', () => {
    const check = service('emulators-ready').healthcheck?.test.at(-1)
    const health = service('service-bus').environment?.EMULATOR_HTTP_PORT
    expect(check).toContain(`http://service-bus:${health}/health`)
    expect(check).toContain('http://cosmos:8080/ready')
    const unchecked = Object.keys(services).filter(
      (name) => !service(name).healthcheck && !check?.includes(`//${name}:`),
    )
    expect(unchecked).toEqual([])
  })
})

describe('what is told of compose.yaml is true', () => {
  it.each(['README.md', 'docs/emulators.md'])('in %s', (path) => {
    const text = textOf(path)
    for (const [name, value] of Object.entries(settings)) {
      const told = [...text.matchAll(new RegExp(`${name}='?(?!…|\\.{3})([^'\\n\`]*)`, 'g'))].map(([, found]) => found)
      expect(told.length, name).toBeGreaterThan(0)
      expect(new Set(told), name).toEqual(new Set([value]))
    }
    expect(text).toContain('docker compose up -d --wait')
  })

  it('in the list of images of docs/emulators.md', () => {
    const text = textOf('docs/emulators.md')
    for (const name of ['sql-server', 'service-bus', 'service-bus-sql', 'cosmos']) {
      expect(text).toContain(`\`${service(name).image}\``)
    }
  })

  it('in the workflow', () => {
    const [job] = Object.values(workflow.jobs)
    const steps = job?.steps ?? []
    const environments = [job?.env, ...steps.map(({ env }) => env)].flatMap((env) => Object.entries(env ?? {}))
    expect(new Set(environments.map(([name]) => name))).toEqual(new Set(Object.keys(settings)))
    for (const [name, value] of environments)
      expect([name, value]).toEqual([name, settings[name as keyof typeof settings]])
    const runs = steps.flatMap(({ run }) => run ?? [])
    const up = runs.findIndex((run) => run.startsWith('docker compose up') && run.includes('--wait'))
    expect(up).toBeGreaterThanOrEqual(0)
    expect(runs.indexOf('npm test')).toBeGreaterThan(up)
    expect(workflow.permissions).toEqual({ contents: 'read' })
    expect(job?.['timeout-minutes']).toBeLessThanOrEqual(60)
  })

  it('and npm start takes it', () => {
    const { FLOTILLA_SERVICEBUS: serviceBus, FLOTILLA_COSMOS: cosmos, FLOTILLA_SQLSERVER: sqlServer } = settings
    expect(readElsewhere(settings)).toEqual({ serviceBus, cosmos, sqlServer })
  })
})
