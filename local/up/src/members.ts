import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { host, type Listener, type Ports } from './ports.ts'

/** One process of the fleet: how it is started, and how it says that it is ready. */
export interface Member {
  readonly name: string
  /** The file that Node runs. */
  readonly main: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly url: string
  /** Answers 200 when the process is ready. */
  readonly ready: string
}

export const root = fileURLToPath(new URL('../../..', import.meta.url))
export const sqlServices = ['order', 'inventory', 'payment'] as const
export const services = [...sqlServices, 'notification'] as const
export type Service = (typeof services)[number]

/** Known to every Cosmos DB emulator: https://learn.microsoft.com/azure/cosmos-db/emulator */
export const cosmosKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=='

/** What somebody else runs: no stand-in is started for it. */
export interface Elsewhere {
  /** Connection string of a broker that has the topology already. */
  readonly serviceBus?: string | undefined
  /** Endpoint of a Cosmos DB emulator. */
  readonly cosmos?: string | undefined
  /** Connection string of a SQL Server, without Database. */
  readonly sqlServer?: string | undefined
}

export interface MembersOptions {
  readonly data: string
  readonly ports: Ports
  readonly elsewhere?: Elsewhere | undefined
  /** Further environment of the services, by name: for tests. */
  readonly env?: Partial<Record<Service, Readonly<Record<string, string>>>> | undefined
}

export const urlOf = (ports: Ports, name: Listener): string => `http://${host}:${ports[name]}`

export const connectionString = ({ ports, elsewhere }: Pick<MembersOptions, 'ports' | 'elsewhere'>): string =>
  elsewhere?.serviceBus ??
  `Endpoint=sb://${host}:${ports['service-bus']};SharedAccessKeyName=RootManageSharedAccessKey;` +
    'SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;'

export const cosmosEndpoint = ({ ports, elsewhere }: Pick<MembersOptions, 'ports' | 'elsewhere'>): string =>
  elsewhere?.cosmos ?? urlOf(ports, 'cosmos')

/** Files that the fleet is given. */
export const filesIn = (data: string) => ({
  topology: join(data, 'service-bus.json'),
  endUserKey: join(data, 'secrets', 'enduser-key'),
  cardProcessorKey: join(data, 'secrets', 'card-processor-key'),
  fleet: join(data, 'fleet.json'),
  database: (service: string) => join(data, 'data', service, `${service}.db`),
  /** Is there once the catalogue is listed. */
  seeded: join(data, 'seeded'),
  /** How its databases on a SQL Server are called, if they are there. */
  sqlServer: join(data, 'data', 'sql-server', 'databases'),
  log: (name: string) => join(data, 'logs', `${name}.log`),
})

/** What stands where Azure and the outside world will; no one waits for another. */
export function standIns({ data, ports, elsewhere = {} }: MembersOptions): Member[] {
  const standIn = (name: Listener, ...args: string[]): Member => ({
    name,
    main: join(root, 'local', name, 'src', 'main.ts'),
    args: ['--host', host, '--port', String(ports[name]), '--data', join(data, 'data', name), ...args],
    env: {},
    url: urlOf(ports, name),
    ready: `${urlOf(ports, name === 'service-bus' ? 'service-bus-admin' : name)}/health/ready`,
  })
  const admin = ['--admin-port', String(ports['service-bus-admin']), '--config', filesIn(data).topology]
  return [
    ...(elsewhere.serviceBus === undefined
      ? [{ ...standIn('service-bus', ...admin), url: `sb://${host}:${ports['service-bus']}` }]
      : []),
    ...(elsewhere.cosmos === undefined ? [standIn('cosmos')] : []),
    standIn('identity', '--issuer', urlOf(ports, 'identity')),
    standIn('card-processor'),
    standIn('mailbox', '--smtp-port', String(ports['mailbox-smtp'])),
  ]
}

/** The four services, with the stand-ins as their Azure. `databases`: the environment that names each one's database. */
export function fleetServices(
  options: MembersOptions,
  databases: Readonly<Record<(typeof sqlServices)[number], Readonly<Record<string, string>>>>,
): Member[] {
  const { data, ports, env } = options
  const files = filesIn(data)
  const own: Record<Service, Readonly<Record<string, string>>> = {
    order: databases.order,
    inventory: databases.inventory,
    payment: {
      ...databases.payment,
      CARD_PROCESSOR_URL: urlOf(ports, 'card-processor'),
      CARD_PROCESSOR_KEY_FILE: files.cardProcessorKey,
    },
    notification: {
      COSMOS_ENDPOINT: cosmosEndpoint(options),
      COSMOS_KEY: cosmosKey,
      SMTP_URL: `smtp://${host}:${ports['mailbox-smtp']}`,
    },
  }
  return services.map((name) => ({
    name,
    main: join(root, 'services', name, 'src', 'main.ts'),
    args: [],
    env: {
      HOST: host,
      PORT: String(ports[name]),
      OIDC_ISSUERS: urlOf(ports, 'identity'),
      ENDUSER_KEY_FILE: files.endUserKey,
      SERVICEBUS_CONNECTION_STRING: connectionString(options),
      ...own[name],
      ...env?.[name],
    },
    url: urlOf(ports, name),
    ready: `${urlOf(ports, name)}/health/ready`,
  }))
}

/** One origin for clients. */
export function gateway({ ports }: MembersOptions): Member {
  return {
    name: 'gateway',
    main: join(root, 'local', 'gateway', 'src', 'main.ts'),
    args: [
      ...['--host', host, '--port', String(ports.gateway), '--rate-limit', '1000000'],
      ...services.flatMap((name) => [`--${name}`, urlOf(ports, name)]),
    ],
    env: {},
    url: urlOf(ports, 'gateway'),
    ready: `${urlOf(ports, 'gateway')}/health/ready`,
  }
}
