import type { AddressInfo } from 'node:net'
import { systemClock } from '@flotilla/decider/clock'
import { watchConnections } from '@flotilla/host/connections'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { Exchange, pathOf } from './exchange.ts'
import { identify } from './headers.ts'
import { answer, badRequest, bodyTooLarge, notFound, type Problem, rateLimited, unauthorized } from './problems.ts'
import { RateLimit } from './rate-limit.ts'
import { type Timeouts, Upstream } from './upstream.ts'

export const services = ['order', 'inventory', 'payment', 'notification'] as const

export type Service = (typeof services)[number]

const prefixes: Record<Service, string> = {
  order: '/api/v1/orders',
  inventory: '/api/v1/stock',
  payment: '/api/v1/payments',
  notification: '/api/v1/notifications',
}

export interface GatewayOptions {
  /** 0, the default, takes a free one. */
  port?: number
  host?: string
  /** The origins of each service's replicas, at least one. */
  upstreams: Record<Service, string[]>
  /** Requests a minute for one token. Default 10,000. */
  rateLimit?: number
  /** Bytes of a request's body. Default 65,536. */
  bodyLimit?: number
  timeouts?: Partial<Timeouts>
  /** Milliseconds that clients with a kept connection have to leave when it closes. Default 1,000. */
  linger?: number
  /** Milliseconds since the epoch. */
  now?: () => number
}

export interface Gateway {
  url: string
  port: number
  /** Stops listening, and resolves when the requests in flight have been answered. */
  close(): Promise<void>
}

/** Starts the gateway. Rejects with EADDRINUSE when the port is taken. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const now = options.now ?? Date.now
  const host = options.host ?? '127.0.0.1'
  const bodyLimit = options.bodyLimit ?? 64 * 1024
  const limit = new RateLimit(options.rateLimit ?? 10_000, now)
  const timeouts = { connect: 2000, answer: 30_000, ...options.timeouts }
  let closing = false
  let lingered = false
  let inFlight = 0

  const app = createApp(() => closing)
  const upstreams = services.map((service) => new Upstream(service, options.upstreams[service], timeouts, now))
  for (const upstream of upstreams) {
    const handler = (request: FastifyRequest, reply: FastifyReply) => {
      const response = reply.hijack().raw
      const ids = identify(request.headers)
      const refusal = refuse(request, limit, bodyLimit)
      if (refusal) return answer(response, refusal, pathOf(request.raw), ids)
      inFlight++
      response.once('close', () => {
        inFlight--
        // A connection kept alive would keep a closing server open.
        if (lingered && inFlight === 0) setImmediate(() => app.server.closeIdleConnections())
      })
      new Exchange({ request: request.raw, response, upstream, ids, bodyLimit, isClosing: () => closing }).send()
    }
    const prefix = prefixes[upstream.service as Service]
    for (const url of [prefix, `${prefix}/*`]) app.all(url, handler)
  }

  const connections = watchConnections(app.server, systemClock)
  // Kept connections are ended by answers: closed while idle, one may be under a request that is on its way.
  app.addHook('preClose', async () => {
    await connections.gone(options.linger ?? 1_000)
    lingered = true
  })
  const end = async () => {
    closing = true
    await app.close()
    await Promise.all(upstreams.map((upstream) => upstream.close()))
  }
  let ended: Promise<void> | undefined
  const close = () => {
    ended ??= end()
    return ended
  }
  await app.listen({ port: options.port ?? 0, host }).catch(async (error: unknown) => {
    await close()
    throw error
  })
  const { port } = app.server.address() as AddressInfo
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return { url: `http://${name.includes(':') ? `[${name}]` : name}:${port}`, port, close }
}

function createApp(isClosing: () => boolean) {
  const hijackWith =
    (problem: (request: FastifyRequest) => Problem) => (request: FastifyRequest, reply: FastifyReply) =>
      answer(reply.hijack().raw, problem(request), pathOf(request.raw), identify(request.headers))
  const app = Fastify({
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (_error, request, reply) => {
      hijackWith(() => badRequest)(request as FastifyRequest, reply as FastifyReply)
    },
  })
  app.removeAllContentTypeParsers()
  // Bodies are passed on as they come.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setNotFoundHandler(hijackWith((request) => notFound(pathOf(request.raw))))
  app.setErrorHandler((_error, request, reply) => hijackWith(() => badRequest)(request, reply))
  app.get('/health/ready', async (_request, reply) => {
    if (!isClosing()) return { status: 'ready' }
    reply.code(503).header('connection', 'close')
    return { status: 'closing' }
  })
  return app
}

/** Shallow checks, cheapest first; a service verifies the token itself. */
function refuse(request: FastifyRequest, limit: RateLimit, bodyLimit: number): Problem | undefined {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!token) return unauthorized
  const retryAfter = limit.take(token)
  if (retryAfter !== undefined) return rateLimited(limit.limit, retryAfter)
  if (Number(request.headers['content-length'] ?? 0) > bodyLimit) return bodyTooLarge(bodyLimit)
  return undefined
}
