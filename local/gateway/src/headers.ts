import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** Headers that are about one connection (RFC 9110, 7.6.1), and `expect`, which the gateway has answered itself. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

/** What ties a request to its trace and its log lines. */
export interface Ids {
  'x-request-id': string
  traceparent: string
  [name: string]: string
}

/** The client's own where they are well formed, else new ones. */
export function identify(headers: IncomingHttpHeaders): Ids {
  const requestId = headers['x-request-id']
  const parent = headers.traceparent
  return {
    'x-request-id': typeof requestId === 'string' && /^[\w.:-]{1,128}$/.test(requestId) ? requestId : randomUUID(),
    traceparent: typeof parent === 'string' && isTraceparent(parent) ? parent : newTraceparent(),
  }
}

/** What the service is sent: the client's headers, and who the client is. The gateway is the edge, so nobody else's word on that counts. */
export function forwardedHeaders(request: IncomingMessage, ids: Ids): Record<string, string | string[]> {
  const { host, ...rest } = passedOn(request.headers)
  for (const name of Object.keys(rest)) if (name.startsWith('x-forwarded-') || name === 'forwarded') delete rest[name]
  if (request.headers.traceparent !== ids.traceparent) delete rest.tracestate
  return {
    ...rest,
    ...ids,
    'x-forwarded-for': request.socket.remoteAddress ?? 'unknown',
    'x-forwarded-proto': 'http',
    ...(typeof host === 'string' && { 'x-forwarded-host': host }),
  }
}

/** A message's headers without those that end at this hop. */
export function passedOn(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = headers.connection?.toLowerCase().split(/\s*,\s*/) ?? []
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !hopByHop.has(name) && !named.includes(name)) kept[name] = value
  }
  return kept
}

function isTraceparent(text: string): boolean {
  return /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(text)
}

/** Node makes UUIDs from entropy it has in stock; bytes it would have to fetch each time. */
function newTraceparent(): string {
  const hex = `${randomUUID()}${randomUUID()}`.replaceAll('-', '')
  return `00-${hex.slice(0, 32)}-${hex.slice(32, 48)}-01`
}
