import type { ServerResponse } from 'node:http'

/** An error of the gateway itself, as RFC 9457 and the services' own errors have it. */
export interface Problem {
  status: number
  /** The last part of its `type`. */
  slug: string
  title: string
  detail: string
  /** What is wrong with the request, by name. */
  errors?: readonly Record<string, string>[]
  headers?: Record<string, string>
}

export const notFound = (path: string): Problem => ({
  status: 404,
  slug: 'not-found',
  title: 'Not found',
  detail: `Nothing is served at ${path}. There are /api/v1/orders, /api/v1/stock, /api/v1/payments and /api/v1/notifications.`,
})

export const unauthorized: Problem = {
  status: 401,
  slug: 'unauthenticated',
  title: 'Unauthenticated',
  detail: 'Send a token: Authorization: Bearer <token>.',
  errors: [{ header: 'authorization', detail: 'must be: Bearer <token>' }],
  headers: { 'www-authenticate': 'Bearer realm="flotilla"' },
}

export const rateLimited = (limit: number, retryAfter: number): Problem => ({
  status: 429,
  slug: 'rate-limited',
  title: 'Rate limited',
  detail: `One subscriber may send ${limit} requests a minute. Try again in ${retryAfter} s.`,
  headers: { 'retry-after': String(retryAfter) },
})

/** What was not read of the body would be taken for the next request, so the connection ends. */
export const bodyTooLarge = (limit: number): Problem => ({
  status: 413,
  slug: 'body-too-large',
  title: 'Body too large',
  detail: `A body has at most ${limit} bytes.`,
  errors: [{ pointer: '#', detail: 'is too large' }],
  headers: { connection: 'close' },
})

export const badRequest: Problem = {
  status: 400,
  slug: 'bad-request',
  title: 'Bad request',
  detail: 'The path, the method or the content-type cannot be read.',
  headers: { connection: 'close' },
}

export const badGateway = (service: string): Problem => ({
  status: 502,
  slug: 'bad-gateway',
  title: 'Bad gateway',
  detail: `The ${service} service cannot be reached. Try again.`,
  headers: { 'retry-after': '1' },
})

export const gatewayTimeout = (service: string): Problem => ({
  status: 504,
  slug: 'gateway-timeout',
  title: 'Gateway timeout',
  detail: `The ${service} service has not answered in time; what was asked may have happened. Try again with the same Idempotency-Key.`,
  headers: { 'retry-after': '1' },
})

export function answer(
  response: ServerResponse,
  problem: Problem,
  instance: string,
  ids: Record<string, string>,
): void {
  const { status, slug, title, detail, errors, headers } = problem
  const traceId = ids.traceparent?.slice(3, 35)
  const body = JSON.stringify({
    type: `urn:flotilla:problem:${slug}`,
    title,
    status,
    detail,
    instance,
    traceId,
    errors,
  })
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(ids['x-request-id'] && { 'x-request-id': ids['x-request-id'] }),
  })
  response.end(body)
}
