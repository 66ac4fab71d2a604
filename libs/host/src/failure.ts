import type { Socket } from 'node:net'
import { Unavailable } from '@flotilla/decider/store'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DependencyUnavailable } from './dependency.ts'
import { byStatus, internalError, PROBLEM_JSON, Problem, problem, problemType, unavailable } from './problem.ts'
import { traceIdOf } from './request.ts'

/** Fastify's own refusals, told so that they can be mended. */
const REFUSALS: Record<string, () => Problem> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    problem('unsupported-media-type', {
      status: 415,
      detail: 'Send JSON with content-type application/json.',
      errors: [{ header: 'content-type', detail: 'must be application/json' }],
    }),
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    problem('body-too-large', {
      status: 413,
      detail: 'The body is larger than this service takes: send less at once.',
      errors: [{ pointer: '#', detail: 'is too large' }],
    }),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => badJson('The body is empty: send JSON, or leave the content-type out.'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => badJson('The body is not valid JSON.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    problem('bad-request', {
      status: 400,
      detail: 'The body is not as long as content-length says.',
      errors: [{ header: 'content-length', detail: 'must be the number of bytes of the body' }],
    }),
  FST_ERR_BAD_URL: () => problem('bad-request', { status: 400, detail: 'The path is not a valid URL: encode it.' }),
}

const badJson = (detail: string) =>
  problem('malformed-json', { status: 400, detail, errors: [{ pointer: '#', detail: 'must be valid JSON' }] })

/** The problem that an error is to the client. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof DependencyUnavailable || error instanceof Unavailable)
    return unavailable('Something that this needs is not available right now. Try again.', 2, error)
  const { code, statusCode } = error as Partial<FastifyError>
  const refusal = code === undefined ? undefined : REFUSALS[code]
  if (refusal !== undefined) return refusal()
  if (error instanceof SyntaxError && statusCode === 400) return badJson('The body is not valid JSON.')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return byStatus(statusCode, (error as Error).message)
  return internalError(error)
}

/** Answers with a problem. A 5xx is logged with its cause. */
export function answerWith(found: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (reply.sent) return reply
  if (found.status >= 500)
    request.log.error({ err: found.options.cause ?? found, request_id: request.id, problem: found.slug }, found.message)
  // As a buffer, because Fastify adds a charset to strings and problem+json has none.
  const instance = request.url.split('?', 1)[0] as string
  if (found.options.headers !== undefined) reply.headers(found.options.headers)
  return reply
    .code(found.status)
    .header('content-type', PROBLEM_JSON)
    .header('cache-control', 'no-store')
    .send(Buffer.from(JSON.stringify(found.toDocument(instance, traceIdOf(request)))))
}

const matcher = (pattern: string) =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:[A-Za-z]\w*/g, '[^/]+')}$`)

/** Which methods a path takes, for 405: routes have to be told about as they are added. */
export function createAllowedMethods() {
  const routes: { readonly method: string; readonly pattern: RegExp }[] = []
  return {
    add(methods: string | string[], url: string) {
      for (const method of [methods].flat()) routes.push({ method, pattern: matcher(url) })
    },
    of: (path: string) =>
      [...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].sort(),
  }
}

/** 404, or 405 with Allow when the path is known. */
export function unmatched(request: FastifyRequest, allowed: readonly string[]): Problem {
  if (allowed.length === 0)
    return problem('not-found', {
      status: 404,
      detail: 'There is nothing at this path. /openapi.json lists what there is.',
    })
  return problem('method-not-allowed', {
    status: 405,
    detail: `${request.method} is not possible here: use ${allowed.join(', ')}.`,
    headers: { allow: allowed.join(', ') },
  })
}

const MALFORMED: Record<string, [status: number, line: string, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'The headers are larger than 16 KB: send less.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request took too long to arrive: send it again.'],
}

/** What is not even HTTP gets its problem straight on the socket. */
export function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, title, detail] = MALFORMED[error.code ?? ''] ?? [400, 'Bad Request', 'This is not valid HTTP.']
  const slug = title.toLowerCase().replaceAll(' ', '-')
  const body = JSON.stringify({ type: problemType(slug), title, status, detail })
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    `content-type: ${PROBLEM_JSON}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\nconnection: close\r\n\r\n${body}`)
}

/** Has every error of a server answered as a problem. */
export function registerFailures(app: FastifyInstance, allowedMethods: ReturnType<typeof createAllowedMethods>): void {
  app.setErrorHandler((error, request, reply) => answerWith(problemOf(error), request, reply))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string
    return answerWith(unmatched(request, allowedMethods.of(path)), request, reply)
  })
}
