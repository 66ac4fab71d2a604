import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { check } from './check.ts'
import { readRecords, type Sources } from './read.ts'
import { report } from './report.ts'

/** `npm run verify`: checks every promise from the databases and the outside world's own books; exit 1 when one is broken. */

const usage = `usage: npm run verify -- [--fleet .flotilla/fleet.json] [--accepted FILE] [--settled]
  --fleet FILE     where npm start says what runs
  --accepted FILE  ids of orders that were answered with 202, one a line: each must be there
  --settled        nothing is under way any more: everything must have come to its end`

interface FleetFile {
  readonly members: readonly { readonly name: string; readonly url: string; readonly ready: string }[]
}

const options = { fleet: { type: 'string' }, accepted: { type: 'string' }, settled: { type: 'boolean' } } as const
const cosmosKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=='

function sourcesOf(file: string): Sources {
  const { members } = fleetOf(file)
  const member = (name: string) => {
    const found = members.find((each) => each.name === name)
    if (!found) throw new Error(`${file} names no ${name}: start the fleet with npm start`)
    return found
  }
  const database = (service: string) => join(dirname(file), 'data', service, `${service}.db`)
  return {
    databases: { order: database('order'), inventory: database('inventory'), payment: database('payment') },
    cosmos: { endpoint: member('cosmos').url, key: cosmosKey },
    cardProcessor: member('card-processor').url,
    mailbox: member('mailbox').url,
    broker: new URL(member('service-bus').ready).origin,
  }
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
  const findings = check(records, { accepted, settled: values.settled ?? false })
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
