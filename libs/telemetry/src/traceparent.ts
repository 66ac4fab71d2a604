import { type Context, ROOT_CONTEXT, type SpanContext, type TextMapPropagator, trace } from '@opentelemetry/api'

const FORMAT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
/** The ids that are none. */
export const NO_TRACE = '0'.repeat(32)
export const NO_SPAN = '0'.repeat(16)

/**
 * The span context that a W3C `traceparent` names, or undefined when it is none: a bad header starts a new trace, as the
 * standard demands (https://www.w3.org/TR/trace-context/#traceparent-header).
 */
export function parseTraceparent(traceparent: string | undefined): SpanContext | undefined {
  if (traceparent === undefined || traceparent.length < 55) return undefined
  const match = FORMAT.exec(traceparent)
  if (match === null) return undefined
  const [, version, traceId, spanId, flags, more] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string?,
  ]
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
}

/** The `traceparent` that names a span. */
export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`
}

/** A context whose active span is the one a `traceparent` names; a root context when it names none. */
export function contextFrom(traceparent: string | undefined): Context {
  const parent = parseTraceparent(traceparent)
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
}

/** Carries `traceparent` for libraries that use the global propagator. Our own code calls the functions above. */
export const traceparentPropagator: TextMapPropagator = {
  fields: () => ['traceparent'],
  inject(context, carrier, setter) {
    const span = trace.getSpanContext(context)
    if (span !== undefined) setter.set(carrier, 'traceparent', formatTraceparent(span))
  },
  extract(context, carrier, getter) {
    const value = getter.get(carrier, 'traceparent')
    const parent = parseTraceparent(Array.isArray(value) ? value[0] : value)
    return parent === undefined ? context : trace.setSpanContext(context, parent)
  },
}
