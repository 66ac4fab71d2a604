import type { Clock } from '@flotilla/decider/clock'
import { endServerSpan, openServerSpan } from '@flotilla/telemetry/http-server'
import { contextWithLogFields, type Logger } from '@flotilla/telemetry/log'
import { context } from '@opentelemetry/api'
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify'
import { type Authenticator, forbidden } from './auth.ts'
import type { Caller } from './caller.ts'
import { answerWith, problemOf } from './failure.ts'
import type { Overload } from './overload.ts'
import type { Health } from './probes.ts'
import { Problem, unavailable } from './problem.ts'
import './request.ts'

/** nginx's number for a client that went away before its answer. */
const CLIENT_GONE = 499

/** What one request and its answer go through, from first to last. */
export type Exchange = {
  readonly logger: Logger
  readonly auth: Authenticator
  readonly clock: Clock
  readonly health: Health
  readonly overload: Overload | undefined
  /** How long an answer may take, ms. */
  readonly handlerMs: number
  /** Requests that are being answered. */
  inFlight: number
}

/** Opens the span and the log context of a request; both end with its answer, or when the client goes away before. */
export function begin(exchange: Exchange, request: FastifyRequest, reply: FastifyReply, pattern: string | null): void {
  exchange.inFlight++
  reply.raw.once('close', () => end(exchange, request, reply.raw.writableEnded ? reply.statusCode : CLIENT_GONE))
  const { traceparent } = request.headers
  const path = request.url.split('?', 1)[0] as string
  const open = openServerSpan({
    method: request.method,
    route: pattern ?? undefined,
    path,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  })
  request.beganAt = performance.now()
  request.routePattern = pattern
  request.telemetry = { ...open, context: contextWithLogFields(open.context, { request_id: request.id }) }
  reply.header('x-request-id', request.id)
}

const isAllowed = ({ scopes }: Caller, scope: string | readonly string[] | undefined) =>
  scope === undefined || (typeof scope === 'string' ? scopes.has(scope) : scope.some((one) => scopes.has(one)))

/** The first hook of a route: span, overload, token, scope, all before the body is read. */
export function firstHook(exchange: Exchange, { url, config }: RouteOptions) {
  const { auth, health, overload } = exchange
  const isOpen = config?.isOpen === true
  const scope = config?.scope

  const refusalFor = (caller: Caller) => (isAllowed(caller, scope) ? undefined : forbidden([scope].flat().join(' ')))

  return (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    begin(exchange, request, reply, url)
    request.isProbe = config?.isProbe === true
    // So that clients and proxies open their next connection to another replica.
    if (health.isDraining) reply.header('connection', 'close')
    if (isOpen) {
      done()
      return
    }
    const found = overload?.refusal(exchange.inFlight - 1) ?? authenticated(auth, request)
    if (found instanceof Problem) done(found)
    else if (found instanceof Promise) {
      found.then(
        (caller) => {
          request.caller = caller
          done(refusalFor(caller))
        },
        (error: Error) => done(error),
      )
    } else {
      request.caller = found
      done(refusalFor(found))
    }
  }
}

/** The caller, at once for a token seen before; a problem instead of a throw. */
function authenticated(auth: Authenticator, request: FastifyRequest): Caller | Promise<Caller> | Problem {
  try {
    return auth.authenticate(request.headers.authorization)
  } catch (error) {
    return problemOf(error)
  }
}

/**
 * The last hook before a handler: what the handler does, however late, belongs to the request's trace, and it has so long
 * to answer. (Fastify's own `handlerTimeout` aborts a signal after every request, which costs 15 µs.)
 */
export function lastHook({ clock, handlerMs }: Exchange) {
  const giveUp = (request: FastifyRequest, reply: FastifyReply) => {
    if (reply.sent) return
    const detail = 'This took too long. It may have been done all the same: ask, or repeat it with its Idempotency-Key.'
    answerWith(unavailable(detail, 1, new Error(`no answer within ${handlerMs} ms`)), request, reply)
  }
  return (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    request.stopTimer = clock.after(handlerMs, () => giveUp(request, reply))
    if (request.telemetry === null) done()
    else context.with(request.telemetry.context, done)
  }
}

/** Ends the span and writes the request's one log line: never a body, a query, an address or a token. */
function end(exchange: Exchange, request: FastifyRequest, status: number): void {
  const { logger } = exchange
  exchange.inFlight--
  request.stopTimer?.()
  const open = request.telemetry
  if (open === null) return
  request.telemetry = null
  const { method, routePattern } = request
  const elapsedMs = performance.now() - request.beganAt
  endServerSpan(open, { method, route: routePattern ?? undefined, status, seconds: elapsedMs / 1_000 })
  const level = request.isProbe ? 'debug' : status >= 500 ? 'warn' : 'info'
  if (!logger.isLevelEnabled(level)) return
  const { traceId, spanId } = open.span.spanContext()
  logger[level](
    {
      trace_id: traceId,
      span_id: spanId,
      request_id: request.id,
      method,
      route: routePattern ?? 'unmatched',
      status,
      duration_ms: Math.round(elapsedMs * 1_000) / 1_000,
      order_id: request.orderId ?? undefined,
      'enduser.id': request.caller?.endUserId,
    },
    status === CLIENT_GONE ? 'request aborted' : 'request',
  )
}
