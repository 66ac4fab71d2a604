import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Caller } from './caller.ts'
import type { Operation } from './operation.ts'
import type { Flaw } from './problem.ts'
import { check, invalid } from './validation.ts'

type Output<S> = S extends z.ZodType ? z.output<S> : undefined

/** One of the declared answers. */
export type Answer<R> = {
  [S in keyof R]: {
    readonly status: S
    readonly headers?: Readonly<Record<string, string>>
  } & (R[S] extends z.ZodType ? { readonly body: z.input<R[S]> } : { readonly body?: undefined })
}[keyof R]

/** What a handler gets: everything validated and typed. */
export type Input<P, Q, H, B> = {
  readonly params: Output<P>
  readonly query: Output<Q>
  readonly headers: Output<H>
  readonly body: Output<B>
  readonly caller: Caller
  /** Set `request.orderId` so that the log line names it. */
  readonly request: FastifyRequest
}

/** A route with its schemas and handler. */
export type Route<P, Q, H, B, R> = Omit<Operation, 'params' | 'query' | 'headers' | 'body' | 'responses'> & {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly params?: P
  readonly query?: Q
  readonly headers?: H
  readonly body?: B
  readonly responses: R
  readonly handler: (input: Input<P, Q, H, B>) => Answer<R> | Promise<Answer<R>>
}

function read({ params, query, headers, body }: Operation, request: FastifyRequest) {
  const flaws: Flaw[] = []
  const input = {
    params: params === undefined ? undefined : check(params, request.params, 'params', flaws),
    query: query === undefined ? undefined : check(query, request.query, 'query', flaws),
    headers: headers === undefined ? undefined : check(headers, request.headers, 'headers', flaws),
    body: body === undefined ? undefined : check(body, request.body, 'body', flaws),
  }
  if (flaws.length > 0) throw invalid(flaws)
  return input
}

function send(reply: FastifyReply, { status, body, headers }: { status: unknown; body?: unknown; headers?: object }) {
  reply.code(status as number)
  if (headers !== undefined) reply.headers(headers)
  if (body === undefined) return reply.send()
  return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body))
}

/**
 * Declares a route: its callers need the scope, everything they send is validated with all flaws told at once, and the API
 * document shows it. Unknown keys of bodies are refused where the schema is a `z.strictObject`.
 */
export function route<
  const P extends z.ZodObject | undefined = undefined,
  const Q extends z.ZodObject | undefined = undefined,
  const H extends z.ZodObject | undefined = undefined,
  const B extends z.ZodType | undefined = undefined,
  const R extends Readonly<Record<number, z.ZodType | null>> = Record<number, null>,
>(app: FastifyInstance, declaration: Route<P, Q, H, B, R>): void {
  const { handler, ...rest } = declaration
  const operation = rest as Operation
  app.operations.push(operation)
  app.route({
    method: declaration.method,
    url: declaration.url,
    config: { scope: declaration.scope },
    handler: async (request, reply) => {
      const input = { ...read(operation, request), caller: request.caller, request } as Input<P, Q, H, B>
      const answer = await handler(input)
      // Answered already when the handler took too long.
      return reply.sent ? reply : send(reply, answer)
    },
  })
}
