import type { OpenSpan } from '@flotilla/telemetry/spans'
import type { FastifyRequest } from 'fastify'
import type { Caller } from './caller.ts'
import type { Operation } from './operation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The server span; null before the request has begun. */
    telemetry: OpenSpan | null
    /** Who asks; null on the probes only. Handlers declared with `route` get it as `caller`. */
    caller: Caller | null
    /** Set it in a handler, and the request's log line names the order. */
    orderId: string | null
    /** The pattern of the route, e.g. `/api/v1/orders/:id`; null when none matched. */
    routePattern: string | null
    /** `performance.now()` at the first hook. */
    beganAt: number
    /** Stops the handler's time; null before it runs. */
    stopTimer: (() => void) | null
    /** Its log line is at debug. */
    isProbe: boolean
  }
  interface FastifyContextConfig {
    /** Only the probes and the API document: no token is asked for. */
    isOpen?: boolean
    /** Its requests are logged at debug. */
    isProbe?: boolean
    /** The scope that callers need; of several, any one. */
    scope?: string | readonly string[]
  }
  interface FastifyInstance {
    /** Every route declared with `route`, for the API document. */
    operations: Operation[]
  }
}

/** The trace id of a request, for people to quote. */
export const traceIdOf = (request: FastifyRequest): string | undefined => request.telemetry?.span.spanContext().traceId
