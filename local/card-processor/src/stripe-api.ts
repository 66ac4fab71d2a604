import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Faults } from './faults.ts'
import type { Ledger } from './ledger.ts'
import { apiError, StripeRefusal } from './refusals.ts'
import { createStripe, type StripeAnswer, type StripeOptions } from './stripe.ts'

export interface StripeApi extends StripeOptions {
  ledger: Ledger
  faults: Faults
}

/** Adds Stripe's API under `/v1`, and Stripe's errors for what it does not have. An answer is given after its commit. */
export function addStripeApi(app: FastifyInstance, api: StripeApi): void {
  const { faults, ledger, now } = api
  const stripe = createStripe(api)
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())

  app.all('/v1/*', async (request: FastifyRequest, reply: FastifyReply) => {
    const exchange = stripe.receive(request.method, request.url)
    reply.header('request-id', exchange.requestId)
    try {
      if (!(await faults.pass(closing.signal))) return hangUp(reply)
      exchange.read(request.headers, (request.body as string | undefined) ?? '')
      const answer = await ledger.turn.submit(() => exchange.answer())
      if (answer.silence) return hold(reply, closing.signal)
      if (answer.answerAt !== undefined) {
        await sleep(Math.max(0, answer.answerAt - now()), undefined, { signal: closing.signal })
      }
      return send(reply, answer)
    } catch (error) {
      if (closing.signal.aborted && (error as Error).name === 'AbortError') return hangUp(reply)
      if (!(error instanceof StripeRefusal)) request.log.error(error)
      const refusal = error instanceof StripeRefusal ? error : apiError('The card processor failed.')
      return send(reply, await ledger.turn.submit(() => exchange.refuse(refusal)))
    } finally {
      exchange.end()
    }
  })
}

/** Ends the connection without an answer. */
function hangUp(reply: FastifyReply) {
  reply.hijack().raw.destroy()
  return reply
}

/** Leaves the connection open without an answer, until either side ends. */
function hold(reply: FastifyReply, closing: AbortSignal) {
  const end = () => reply.raw.destroy()
  closing.addEventListener('abort', end)
  reply.raw.once('close', () => closing.removeEventListener('abort', end))
  return reply.hijack()
}

function send(reply: FastifyReply, { status, headers, body }: StripeAnswer) {
  return reply.code(status).headers(headers).type('application/json').send(JSON.stringify(body))
}
