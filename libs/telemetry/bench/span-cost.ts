// What a span costs, in ns, when nothing is exported and when everything is recorded. Takes about two seconds.
import { withSpan } from '../src/spans.ts'
import { startTelemetry } from '../src/telemetry.ts'
import { collectSpans } from '../src/testing.ts'

const settings = { attributes: { 'db.system.name': 'sqlite', 'db.operation.name': 'commit', 'order.id': 'x' } }

function nanoseconds(spans: number): number {
  const start = performance.now()
  for (let n = 0; n < spans; n++) withSpan('commit orders', settings, () => n)
  return Math.round(((performance.now() - start) * 1e6) / spans)
}

function measure(label: string, spans: number): void {
  nanoseconds(spans / 2)
  process.stdout.write(`${label}: ${nanoseconds(spans)} ns per span\n`)
}

measure('telemetry not started', 1_000_000)
const telemetry = await startTelemetry({ service: 'bench', version: '0' })
measure('started, no endpoint', 1_000_000)
await telemetry.shutdown()
const collected = collectSpans()
measure('every span recorded', 100_000)
await collected.shutdown()
