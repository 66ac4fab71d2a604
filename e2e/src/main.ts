import { readFlags, UsageError } from './flags.ts'
import { isGood, reportOf } from './report.ts'
import { run } from './run.ts'
import { Session } from './session.ts'

/** `npm run e2e:cluster`: the fleet on a cluster, through Flux, under load; exit 1 when a request or a promise was lost. */

const began = Date.now()
const say = (line: string) => console.log(`${((Date.now() - began) / 1_000).toFixed(0).padStart(5)} s  ${line}`)

async function main(): Promise<number> {
  const settings = readFlags(process.argv.slice(2))
  const session = new Session(say, began + settings.minutes * 60_000)
  try {
    const outcome = await run(settings, session)
    console.log(`\n${reportOf(outcome)}`)
    return isGood(outcome) ? 0 : 1
  } catch (error) {
    console.log(`\n${reportOf(session.outcome({ findings: undefined, ends: undefined }))}`)
    throw error
  }
}

// What runs beside us ends with us.
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`e2e: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(error instanceof UsageError ? 2 : 1)
  },
)
