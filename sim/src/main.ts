import { command } from './command.ts'
import { expected } from './coverage.ts'

/** `npm run sim`: the fleet in simulated worlds, one for each seed; exit 1 when a promise is broken in one of them. */

const end = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Asked twice, it is not polite any more.
    if (end.signal.aborted) process.exit(130)
    end.abort()
  })
}
for (const output of [process.stdout, process.stderr]) output.on('error', () => end.abort())

command(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  signal: end.signal,
  expected,
}).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`sim: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
