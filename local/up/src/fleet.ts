import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { emulatorConfig } from '@flotilla/contracts/emulator'
import { createCosmosClient, ensureContainer } from '@flotilla/store-cosmos/client'
import { type Databases, databasesOf } from './databases.ts'
import {
  cosmosEndpoint,
  cosmosKey,
  filesIn,
  fleetServices,
  gateway,
  type Member,
  type MembersOptions,
  sqlServices,
  standIns,
  urlOf,
} from './members.ts'
import { type Ports, takenPorts } from './ports.ts'
import { Supervisor } from './supervisor.ts'

export interface FleetOptions extends MembersOptions {
  /** Told of progress, a line each. */
  readonly say: (line: string) => void
  /** What the processes inherit; PATH and the like. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The file that Node runs for a member, in place of its source: a bundle. */
  readonly mainOf?: ((member: string) => string) | undefined
}

/** The whole fleet, running on this machine. */
export interface Fleet {
  readonly supervisor: Supervisor
  readonly data: string
  readonly ports: Ports
  /** The one origin for clients. */
  readonly url: string
  readonly databases: Databases
}

/** The fleet cannot start, for a reason that a person can mend. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}

/**
 * Starts everything in dependency order: the stand-ins, what must exist in them before a service may start (as a job and
 * Azure Service Operator do in a cluster), the services, the gateway. Throws `CannotStart` and leaves nothing running.
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { data, ports, say, environment, elsewhere, mainOf } = options
  const placed = (members: Member[]) =>
    mainOf ? members.map((member) => ({ ...member, main: mainOf(member.name) })) : members
  await refuseTaken(ports)
  let databases: Databases
  try {
    databases = databasesOf(data, elsewhere?.sqlServer)
    prepare(data)
  } catch (error) {
    throw new CannotStart(`--data ${data} cannot be used: ${(error as Error).message}`, { cause: error })
  }
  const cached = { NODE_COMPILE_CACHE: join(data, 'cache'), ...environment }
  const supervisor = new Supervisor({ data, databases: databases.places, say, environment: cached })
  try {
    await together(supervisor, placed(standIns(options)), say)
    await Promise.all([databases.migrate(), makeContainer(options)])
    say('databases are migrated')
    await together(supervisor, placed(fleetServices(options, databases.settings)), say)
    await together(supervisor, placed([gateway(options)]), say)
  } catch (error) {
    await supervisor.stop()
    throw new CannotStart(error instanceof Error ? error.message : String(error), { cause: error })
  }
  return { supervisor, data, ports, url: urlOf(ports, 'gateway'), databases }
}

async function together(supervisor: Supervisor, members: Member[], say: (line: string) => void) {
  const begun = performance.now()
  const started = await Promise.allSettled(members.map((member) => supervisor.start(member)))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  say(`${members.map(({ name }) => name).join(', ')}: ready in ${Math.round(performance.now() - begun)} ms`)
}

async function refuseTaken(ports: Ports) {
  const taken = await takenPorts(ports)
  if (taken.length === 0) return
  const named = taken.map((name) => `${ports[name]} (${name})`).join(', ')
  throw new CannotStart(
    `taken: port ${named}. Is the fleet running already? Else end what listens there, or choose others with --port-base.`,
  )
}

/** The files that the processes are given: the topology, and the secrets that a cluster mounts. */
function prepare(data: string) {
  const files = filesIn(data)
  for (const file of [files.topology, files.endUserKey, files.log('any'), ...sqlServices.map(files.database)]) {
    mkdirSync(dirname(file), { recursive: true })
  }
  writeFileSync(files.topology, JSON.stringify(emulatorConfig(), null, 2))
  if (!existsSync(files.endUserKey)) writeFileSync(files.endUserKey, randomBytes(32).toString('hex'), { mode: 0o600 })
  writeFileSync(files.cardProcessorKey, 'sk_test_flotilla', { mode: 0o600 })
}

async function makeContainer(options: MembersOptions) {
  const client = await createCosmosClient({ endpoint: cosmosEndpoint(options), key: cosmosKey })
  await ensureContainer({ client, database: 'notification', container: 'notifications' })
  client.dispose()
}
