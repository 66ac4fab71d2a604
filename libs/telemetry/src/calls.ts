import { type Attributes, type Span, SpanKind } from '@opentelemetry/api'
import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_SUMMARY,
  ATTR_DB_SYSTEM_NAME,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions'
import { measured, measuredSync } from './measured.ts'
import { batchSize, databaseDuration, httpClientDuration } from './metrics.ts'
import { type OpenSpan, withBatchSpan, withSpan } from './spans.ts'

/** A call of a database. */
export type DatabaseCall = {
  /** `db.system.name`: `sqlite`, `microsoft.sql_server` or `azure.cosmosdb`. */
  readonly system: 'sqlite' | 'microsoft.sql_server' | 'azure.cosmosdb'
  /** What is done, e.g. `load`, `commit`, `claim`. */
  readonly operation: string
  /** What a person would call the query, e.g. `commit orders`: the span's name. Never values. */
  readonly summary: string
  readonly namespace?: string | undefined
  readonly collection?: string | undefined
  /** How many commands it serves, when more than one could be. */
  readonly batchSize?: number | undefined
  /** The spans of the commands it serves. The active span is the parent when absent. */
  readonly members?: readonly OpenSpan[] | undefined
}

function databaseAttributes({
  system,
  operation,
  summary,
  namespace,
  collection,
  batchSize: size,
}: DatabaseCall): Attributes {
  return {
    [ATTR_DB_SYSTEM_NAME]: system,
    [ATTR_DB_OPERATION_NAME]: operation,
    [ATTR_DB_QUERY_SUMMARY]: summary,
    ...(namespace !== undefined && { [ATTR_DB_NAMESPACE]: namespace }),
    ...(collection !== undefined && { [ATTR_DB_COLLECTION_NAME]: collection }),
    // The convention: a batch of one is no batch.
    ...(size !== undefined && size > 1 && { [ATTR_DB_OPERATION_BATCH_SIZE]: size }),
  }
}

function inDatabaseSpan<T>(call: DatabaseCall, fn: (span: Span) => T): T {
  const settings = { kind: SpanKind.CLIENT, attributes: databaseAttributes(call) }
  if (call.batchSize !== undefined) batchSize.record(call.batchSize, { [ATTR_DB_SYSTEM_NAME]: call.system })
  if (call.members !== undefined) return withBatchSpan(call.summary, settings, call.members, fn)
  return withSpan(call.summary, settings, fn)
}

const databaseDimensions = ({ system, operation, summary }: DatabaseCall): Attributes => ({
  [ATTR_DB_SYSTEM_NAME]: system,
  [ATTR_DB_OPERATION_NAME]: operation,
  [ATTR_DB_QUERY_SUMMARY]: summary,
})

/** A database call in its span, which is named by the summary. */
export function withDatabaseSpan<T>(call: DatabaseCall, fn: (span: Span) => Promise<T>): Promise<T> {
  return measured(databaseDuration, databaseDimensions(call), () => inDatabaseSpan(call, fn))
}

/** The same for a database that answers at once, as SQLite does. */
export function withDatabaseSpanSync<T>(call: DatabaseCall, fn: (span: Span) => T): T {
  return measuredSync(databaseDuration, databaseDimensions(call), () => inDatabaseSpan(call, fn))
}

/** An HTTP request made. */
export type ClientCall = {
  readonly method: string
  /** Its query and credentials are left out of the span. */
  readonly url: URL | string
  /** A low-cardinality name of what is asked, e.g. `confirm payment intent`; the method when absent. */
  readonly name?: string | undefined
  readonly attributes?: Attributes | undefined
}

/** An outgoing HTTP call in its span. Send `currentTraceparent()` along where the other side can use it. */
export function withClientSpan<T>(call: ClientCall, fn: (span: Span) => Promise<T>): Promise<T> {
  const url = new URL(call.url)
  const server: Attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: call.method,
    [ATTR_SERVER_ADDRESS]: url.hostname,
    ...(url.port !== '' && { [ATTR_SERVER_PORT]: Number(url.port) }),
  }
  const attributes = { ...server, [ATTR_URL_FULL]: `${url.origin}${url.pathname}`, ...call.attributes }
  const name = call.name === undefined ? call.method : `${call.method} ${call.name}`
  return measured(httpClientDuration, server, () => withSpan(name, { kind: SpanKind.CLIENT, attributes }, fn))
}

/** A call over another protocol, e.g. SMTP, in its span. */
export function withOutgoingSpan<T>(name: string, attributes: Attributes, fn: (span: Span) => Promise<T>): Promise<T> {
  return withSpan(name, { kind: SpanKind.CLIENT, attributes }, fn)
}

/** Work inside the process, e.g. `due-work payment.capture`, in the trace of whoever asked for it. */
export function withWorkSpan<T>(
  work: {
    readonly name: string
    readonly traceparent?: string | undefined
    readonly attributes?: Attributes | undefined
  },
  fn: (span: Span) => T,
): T {
  const { name, traceparent, attributes } = work
  return withSpan(name, { kind: SpanKind.INTERNAL, attributes, parent: traceparent }, fn)
}
