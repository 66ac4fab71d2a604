import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { withDatabase } from '@flotilla/store-azure-sql/connection-string'
import type { DatabaseSource } from './book.ts'
import { check } from './check.ts'
import { readRecords, type Sources } from './read.ts'
import { report } from './report.ts'

/** `npm run verify`: checks every promise from the databases and the outside world's own books; exit 1 when one is broken. */

const usage = `usage: npm run verify -- [--fleet .flotilla/fleet.json] [--accepted FILE] [--settled] [--was-away]
  --fleet FILE     where npm start says what runs
  --accepted FILE  ids of orders that were answered with 202, one a line: each must be there
  --settled        nothing is under way any more: everything must have come to its end
  --was-away       the order service or its database was away for a while: what was due meanwhile may have ended late
environment, as npm start was given it:
  FLOTILLA_COSMOS     where the Cosmos DB emulator is
  FLOTILLA_SQLSERVER  connection string of the SQL Server, with its password`

type Place = { readonly file: string } | { readonly server: string; readonly database: string }

interface FleetFile {
  readonly databases: Readonly<Record<'order' | 'inventory' | 'payment', Place>>
  readonly members: readonly { readonly name: string; readonly url: string; readonly ready: string }[]
}

const options = {
  fleet: { type: 'string' },
  accepted: { type: 'string' },
  settled: { type: 'boolean' },
  'was-away': { type: 'boolean' },
} as const
const cosmosKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=='

function sourcesOf(file: string): Sources {
  const { members, databases } = fleetOf(file)
  const known = (name: string) => members.find((each) => each.name === name)
  const member = (name: string) => {
    const found = known(name)
    if (!found) throw new Error(`${file} names no ${name}: start the fleet with npm start`)
    return found
  }
  const broker = known('service-bus')
  const { order, inventory, payment } = databases
  return {
    databases: { order: sourceOf(order), inventory: sourceOf(inventory), payment: sourceOf(payment) },
    cosmos: { endpoint: known('cosmos')?.url ?? cosmosElsewhere(file), key: cosmosKey },
    cardProcessor: member('card-processor').url,
    mailbox: member('mailbox').url,
    broker: broker && new URL(broker.ready).origin,
  }
}

function sourceOf(place: Place): DatabaseSource {
  if ('file' in place) return place
  const server = process.env.FLOTILLA_SQLSERVER
  if (server) return { connectionString: withDatabase(server, place.database) }
  throw new Error(
    `the databases are on the SQL Server ${place.server}: set FLOTILLA_SQLSERVER as it was set for npm start`,
  )
}

function cosmosElsewhere(file: string): string {
  const endpoint = process.env.FLOTILLA_COSMOS
  if (endpoint) return endpoint
  throw new Error(`${file} names no cosmos: start the fleet with npm start, or set FLOTILLA_COSMOS as it was set then`)
}

function fleetOf(file: string): FleetFile {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as FleetFile
  } catch (error) {
    throw new Error(`${file} cannot be read: start the fleet with npm start, or name its file with --fleet`, {
      cause: error,
    })
  }
}

async function verify(): Promise<number> {
  const { values } = parseArgs({ options })
  const root = resolve(import.meta.dirname, '../../..')
  const sources = sourcesOf(resolve(values.fleet ?? join(root, '.flotilla', 'fleet.json')))
  const accepted =
    values.accepted === undefined ? [] : readFileSync(values.accepted, 'utf8').split('\n').filter(Boolean)
  const records = await readRecords(sources)
  const { settled = false, 'was-away': wasAway = false } = values
  const findings = check(records, { accepted, settled, wasAway })
  console.log(report(records, findings))
  return findings.length === 0 ? 0 : 1
}

verify().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`verify: ${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  },
)
