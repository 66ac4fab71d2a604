import {
  type Attributes,
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions'
import { currentTracer } from './registry.ts'
import { contextFrom, formatTraceparent, parseTraceparent } from './traceparent.ts'

/** How a span begins. */
export type SpanSettings = {
  readonly kind?: SpanKind | undefined
  readonly attributes?: Attributes | undefined
  /** The parent: a `traceparent`, a context, or null for a new trace. The active span when absent. */
  readonly parent?: string | Context | null | undefined
  /** `traceparent`s of spans elsewhere that this one has to do with. */
  readonly links?: readonly (string | undefined)[] | undefined
  /** When it began, in ms since the epoch, if not now. */
  readonly startTime?: number | undefined
}

/** A span that someone else ends, with the context to work in and the `traceparent` to hand on. */
export type OpenSpan = {
  readonly span: Span
  readonly context: Context
  readonly traceparent: string
}

/** The `traceparent` of the active span; undefined outside of any. */
export function currentTraceparent(): string | undefined {
  const active = trace.getSpanContext(context.active())
  return active === undefined || !trace.isSpanContextValid(active) ? undefined : formatTraceparent(active)
}

function parentContext(parent: SpanSettings['parent']): Context {
  if (parent === undefined) return context.active()
  if (parent === null) return ROOT_CONTEXT
  return typeof parent === 'string' ? contextFrom(parent) : parent
}

/** Links to those of the `traceparent`s that are valid. */
export function linksTo(traceparents: readonly (string | undefined)[]): Link[] {
  return traceparents
    .map(parseTraceparent)
    .filter((found) => found !== undefined)
    .map((found) => ({ context: found }))
}

function start(name: string, settings: SpanSettings, parent: Context): Span {
  const options: SpanOptions = { kind: settings.kind ?? SpanKind.INTERNAL }
  if (settings.attributes !== undefined) options.attributes = settings.attributes
  if (settings.links !== undefined) options.links = linksTo(settings.links)
  if (settings.startTime !== undefined) options.startTime = settings.startTime
  return currentTracer().startSpan(name, options, parent)
}

/** Starts a span that does not follow the shape of one call. End it with `endSpan`. */
export function openSpan(name: string, settings: SpanSettings = {}): OpenSpan {
  const parent = parentContext(settings.parent)
  const span = start(name, settings, parent)
  return { span, context: trace.setSpan(parent, span), traceparent: formatTraceparent(span.spanContext()) }
}

/** The value of `error.type`: a code where the error has one, else its class. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as Error & { code?: unknown }
  return typeof code === 'string' || typeof code === 'number' ? String(code) : error.name
}

/** Ends a span; with an error, records it and sets the status. Pass undefined for success. */
export function endSpan(span: Span, error?: unknown): void {
  if (error !== undefined && span.isRecording()) {
    span.setAttribute(ATTR_ERROR_TYPE, errorType(error))
    span.recordException(error instanceof Error ? error : String(error))
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
  }
  span.end()
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof (value as { then?: unknown } | undefined | null)?.then === 'function'

/** Runs `fn` inside an open span and ends it: when it returns, or when its promise settles. */
export function runInSpan<T>(open: Pick<OpenSpan, 'span' | 'context'>, fn: (span: Span) => T): T {
  const { span } = open
  if (!span.isRecording()) return context.with(open.context, fn, undefined, span)
  let result: T
  try {
    result = context.with(open.context, fn, undefined, span)
  } catch (error) {
    endSpan(span, error)
    throw error
  }
  if (!isPromise(result)) {
    endSpan(span)
    return result
  }
  return result.then(
    (value) => {
      endSpan(span)
      return value
    },
    (error: unknown) => {
      endSpan(span, error)
      throw error
    },
  ) as T
}

/** Runs `fn`, synchronous or not, inside a new span. What it throws is recorded on the span and thrown on. */
export function withSpan<T>(name: string, settings: SpanSettings, fn: (span: Span) => T): T {
  const parent = parentContext(settings.parent)
  const span = start(name, settings, parent)
  return runInSpan({ span, context: trace.setSpan(parent, span) }, fn)
}

/**
 * Runs `fn` inside the one span of a batch that serves many traces, e.g. a commit for fifty commands or a send of a
 * hundred messages. A batch of one is a child of its member. A larger one begins a trace of its own, linked from and to
 * every member, so that each order's trace leads to its commit and a slow commit leads to its orders.
 */
export function withBatchSpan<T>(
  name: string,
  settings: Omit<SpanSettings, 'parent' | 'links'>,
  members: readonly OpenSpan[],
  fn: (span: Span) => T,
): T {
  const [only] = members
  if (members.length === 1 && only !== undefined) return withSpan(name, { ...settings, parent: only.context }, fn)
  const recording = members.filter((member) => member.span.isRecording())
  if (recording.length === 0) return withSpan(name, { kind: settings.kind, parent: null }, fn)
  const open = openSpan(name, { ...settings, parent: null, links: recording.map((member) => member.traceparent) })
  const link = { context: open.span.spanContext() }
  for (const member of recording) member.span.addLink(link)
  return runInSpan(open, fn)
}
