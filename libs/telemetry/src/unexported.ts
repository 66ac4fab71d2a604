import { randomBytes } from 'node:crypto'
import {
  type Context,
  context,
  type Span,
  type SpanOptions,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { NO_SPAN, NO_TRACE } from './traceparent.ts'

const POOL_BYTES = 8_192
let pool = ''
let used = 0

/** Random hex digits, cut from a pool: a tenth of the cost of making each id by itself. */
function digits(count: 16 | 32): string {
  if (used + count > pool.length) {
    pool = randomBytes(POOL_BYTES).toString('hex')
    used = 0
  }
  const id = pool.slice(used, used + count)
  used += count
  return id === NO_SPAN || id === NO_TRACE ? digits(count) : id
}

/** Spans that have ids and nothing else. */
class UnexportedTracer implements Tracer {
  startSpan(_name: string, options?: SpanOptions, parentContext: Context = context.active()): Span {
    const parent = options?.root ? undefined : trace.getSpanContext(parentContext)
    const traceId = parent?.traceId ?? digits(32)
    return trace.wrapSpanContext({ traceId, spanId: digits(16), traceFlags: 0 })
  }

  startActiveSpan(name: string, ...rest: unknown[]): never {
    const fn = rest.at(-1) as (span: Span) => never
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : undefined
    const parentContext = rest.length > 2 ? (rest[1] as Context) : context.active()
    const span = this.startSpan(name, options, parentContext)
    return context.with(trace.setSpan(parentContext, span), fn, undefined, span)
  }
}

const tracer = new UnexportedTracer()

/**
 * The tracer provider of a process that exports nothing: every span has valid ids, so that log lines have a trace_id and
 * `traceparent` travels on, and it costs a fraction of what `TracerProvider` with `AlwaysOffSampler` costs (1.1 µs per span)
 * and none of its 50 ms of imports.
 */
export const unexportedProvider: TracerProvider = { getTracer: () => tracer }
