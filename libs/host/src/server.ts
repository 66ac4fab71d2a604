import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '@flotilla/decider/clock'
import type { Logger } from '@flotilla/telemetry/log'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Authenticator } from './auth.ts'
import { watchConnections } from './connections.ts'
import type { Dependency } from './dependency.ts'
import { begin, type Exchange, firstHook, lastHook } from './exchange.ts'
import { answerMalformed, answerWith, createAllowedMethods, problemOf, registerFailures } from './failure.ts'
import { registerOpenApi } from './openapi.ts'
import type { Overload } from './overload.ts'
import { createHealth, type Health, registerProbes } from './probes.ts'

/** Limits of a server; times in milliseconds. */
export type Limits = {
  /** Bytes; default 64 KB. */
  readonly body: number
  /** For a connection that says nothing; default 75,000, above what proxies and load balancers keep idle ones. */
  readonly keepAliveMs: number
  /** For a request to arrive in full; default 10,000. */
  readonly requestMs: number
  /** For a handler to answer; default 15,000. Then it is a 503, whatever becomes of the handler. */
  readonly handlerMs: number
  /** For clients to leave, told `Connection: close`, when a process drains; default 1,000. */
  readonly lingerMs: number
}

const LIMITS: Limits = { body: 65_536, keepAliveMs: 75_000, requestMs: 10_000, handlerMs: 15_000, lingerMs: 1_000 }

/** What a server is made of. */
export type ServerOptions = {
  readonly logger: Logger
  /** Its name and version, for the API document. */
  readonly service: { readonly name: string; readonly version: string; readonly description?: string | undefined }
  readonly auth: Authenticator
  /** For the time that handlers have. */
  readonly clock: Clock
  readonly limits?: Partial<Limits> | undefined
  /** Shared with `runProcess`. */
  readonly health?: Health | undefined
  readonly overload?: Overload | undefined
  /** Shown at `/health/deps`, besides the issuers of tokens. */
  readonly dependencies?: readonly Dependency[] | undefined
}

const REQUEST_ID = /^[\w.:-]{8,128}$/

/** The caller's request id if it is of a sane shape: it goes into logs. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
}

function createFastify(exchange: Exchange, limits: Limits): FastifyInstance {
  const app = Fastify({
    loggerInstance: exchange.logger as FastifyBaseLogger,
    // Fields come from the context of the request (`withLogFields`): a child logger per request costs 2 µs.
    childLoggerFactory: (parent) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    bodyLimit: limits.body,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.keepAliveMs + limits.handlerMs,
    // A request on a kept connection that comes while we close is served, and told `Connection: close`.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    clientErrorHandler: answerMalformed,
    frameworkErrors: (error, request, reply) => {
      begin(exchange, request, reply, null)
      answerWith(problemOf(error), request, reply)
    },
  })
  // JSON or 415.
  app.removeContentTypeParser('text/plain')
  return app
}

function decorate(app: FastifyInstance): void {
  app.decorate('operations', [])
  app.decorateRequest('telemetry', null)
  app.decorateRequest('caller', null)
  app.decorateRequest('orderId', null)
  app.decorateRequest('routePattern', null)
  app.decorateRequest('isProbe', false)
  app.decorateRequest('beganAt', 0)
  app.decorateRequest('stopTimer', null)
}

/**
 * A server with everything that every service's has: a token on every route but the probes and the API document, problems
 * for errors, a span and a log line per request, limits, probes. Add routes with `route`.
 */
export function createServer(options: ServerOptions): FastifyInstance {
  const { logger, auth, clock, overload, health = createHealth() } = options
  const limits = { ...LIMITS, ...options.limits }
  const exchange: Exchange = { logger, auth, clock, health, overload, handlerMs: limits.handlerMs, inFlight: 0 }
  const app = createFastify(exchange, limits)
  const allowedMethods = createAllowedMethods()
  decorate(app)

  app.addHook('onRoute', (declared) => {
    allowedMethods.add(declared.method, declared.url)
    declared.onRequest = [firstHook(exchange, declared), declared.onRequest ?? []].flat()
    declared.preHandler = [lastHook(exchange), declared.preHandler ?? []].flat()
  })
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) begin(exchange, request, reply, null)
    done()
  })
  // A kept connection is closed best by an answer: closed while it is idle, it may be under a request that is on its way.
  const connections = watchConnections(app.server, clock)
  app.addHook('preClose', () => (health.isDraining ? connections.gone(limits.lingerMs) : Promise.resolve()))
  app.addHook('onClose', () => overload?.close())

  registerFailures(app, allowedMethods)
  registerProbes(app, health, [...auth.dependencies, ...(options.dependencies ?? [])])
  registerOpenApi(app, options.service)
  return app
}
