import { hash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { Command, Outcome, Route, Timing } from './commands.ts'
import * as commands from './commands.ts'
import type { Faults } from './faults.ts'
import type { Answer, Call, Ledger, Remembered } from './ledger.ts'
import { renderError, renderIntent, renderRefund } from './objects.ts'
import { Params } from './params.ts'
import {
  apiError,
  invalid,
  keyInUse,
  otherEndpoint,
  otherParameters,
  StripeRefusal,
  unauthorized,
  unrecognizedUrl,
} from './refusals.ts'

export interface StripeApi {
  ledger: Ledger
  faults: Faults
  timing: Timing
  /** The one key that is accepted; without it, any `sk_test_...`. */
  key: string | undefined
  now: () => number
}

const routes: [HTTPMethods, string, Route][] = [
  ['POST', '/v1/payment_intents', commands.createIntent],
  ['GET', '/v1/payment_intents', commands.listIntents],
  ['GET', '/v1/payment_intents/:id', commands.retrieveIntent],
  ['POST', '/v1/payment_intents/:id/confirm', commands.confirmIntent],
  ['POST', '/v1/payment_intents/:id/cancel', commands.cancelIntent],
  ['POST', '/v1/refunds', commands.createRefund],
  ['GET', '/v1/refunds', commands.listRefunds],
  ['GET', '/v1/refunds/:id', commands.retrieveRefund],
]

/** Stripe keeps an idempotency key for at least 24 hours. Milliseconds. */
const keyLifetime = 24 * 3600 * 1000

/** Adds Stripe's routes under `/v1`, and Stripe's errors for everything else there. */
export function addStripeApi(app: FastifyInstance, api: StripeApi): void {
  const keysInFlight = new Set<string>()
  const closing = new AbortController()
  const requestId = numbered(`req_${randomBytes(5).toString('hex')}`)
  app.addHook('preClose', async () => closing.abort())

  const serve = (route: Route | undefined) => async (request: FastifyRequest, reply: FastifyReply) => {
    const call = beginCall(request, requestId(), api.now())
    reply.header('request-id', call.requestId)
    try {
      if (!(await api.faults.pass(closing.signal))) return hangUp(reply)
      const [form, command] = read(api, route, request, reply)
      if (request.method === 'POST') holdKey(request, reply, call, form, keysInFlight)
      const told = await api.ledger.turn.submit(() => execute(api.ledger, command, call))
      return await deliver(reply, told, api, closing.signal)
    } catch (error) {
      if (closing.signal.aborted && (error as Error).name === 'AbortError') return hangUp(reply)
      if (!(error instanceof StripeRefusal)) request.log.error(error)
      const refusal = error instanceof StripeRefusal ? error : apiError('The card processor failed.')
      await api.ledger.turn.submit(() => api.ledger.record({ ...call, status: refusal.status }))
      return send(reply, refusal.status, renderError(refusal.body, undefined, call.at))
    } finally {
      if (call.key !== undefined) keysInFlight.delete(call.key)
    }
  }
  for (const [method, url, route] of routes) app.route({ method, url, handler: serve(route) })
  app.all('/v1/*', serve(undefined))
}

function read(api: StripeApi, route: Route | undefined, request: FastifyRequest, reply: FastifyReply) {
  authorise(request, reply, api.key)
  const [path, query] = split(request.url)
  if (!route) throw unrecognizedUrl(request.method, path)
  const form = request.method === 'POST' ? ((request.body as string | undefined) ?? '') : query
  const params = new Params(form)
  const command = route(params, (request.params as { id?: string }).id ?? '', api.timing)
  params.finish()
  return [form, command] as const
}

/** Ends the connection without an answer. */
function hangUp(reply: FastifyReply) {
  reply.hijack().raw.destroy()
  return reply
}

interface Told extends Outcome {
  /** When the first answer was given, for a replay. */
  asOf: number
  replayed: boolean
}

/** Inside the commit: the answer that the key has already, or the command and its record. */
function execute(ledger: Ledger, command: Command, call: Call): Told {
  const told = attempt(call, () => {
    const known = call.key === undefined ? undefined : ledger.remembered(call.key, call.at - keyLifetime)
    return known ? replay(known, call) : { ...command(ledger, call.at), replayed: false }
  })
  const { answer, answerAt, remember, replayed, silence } = told
  ledger.record({
    ...call,
    status: silence ? 0 : answer.status,
    answer: remember && call.key !== undefined && !('list' in answer) ? answer : undefined,
    availableAt: answerAt ?? call.at,
    replayed,
  })
  return told
}

/** A refusal is an answer like another; what Stripe refuses for the key's or a lock's sake it does not remember. */
function attempt(call: Call, work: () => Told | (Outcome & { replayed: boolean })): Told {
  try {
    const outcome = work()
    return { asOf: outcome.answerAt ?? call.at, ...outcome }
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error
    const remember = error.status !== 429 && error.body.type !== 'idempotency_error'
    return { answer: { status: error.status, error: error.body }, remember, asOf: call.at, replayed: false }
  }
}

function replay(known: Remembered, call: Call): Told {
  const key = call.key ?? ''
  if (known.path !== call.path) throw otherEndpoint(key, call.path, known.path)
  if (known.fingerprint !== call.fingerprint) throw otherParameters(key)
  if (call.at < known.available_at) throw keyInUse(key)
  return { answer: JSON.parse(known.answer) as Answer, remember: false, asOf: known.available_at, replayed: true }
}

async function deliver(reply: FastifyReply, told: Told, api: StripeApi, closing: AbortSignal) {
  if (told.silence) {
    const end = () => reply.raw.destroy()
    closing.addEventListener('abort', end)
    reply.raw.once('close', () => closing.removeEventListener('abort', end))
    return reply.hijack()
  }
  if (told.answerAt !== undefined) {
    await sleep(Math.max(0, told.answerAt - api.now()), undefined, { signal: closing })
  }
  if (told.replayed) reply.header('idempotent-replayed', 'true')
  const { answer, asOf: at } = told
  if ('list' in answer) return send(reply, 200, answer.list)
  if ('error' in answer) return send(reply, answer.status, renderError(answer.error, answer.intent, at))
  return send(reply, 200, 'refund' in answer ? renderRefund(answer.refund, at) : renderIntent(answer.intent, at))
}

/** A 500 that a key remembers would only be said again, so clients are told not to retry it; what passes by itself they may. */
function send(reply: FastifyReply, status: number, body: object) {
  if (status === 500) reply.header('stripe-should-retry', 'false')
  if (status === 409 || status === 429) reply.header('stripe-should-retry', 'true')
  return reply.code(status).type('application/json').send(JSON.stringify(body))
}

function beginCall(request: FastifyRequest, requestId: string, at: number): Call {
  return { requestId, at, method: request.method, path: split(request.url)[0], status: 0 }
}

function authorise(request: FastifyRequest, reply: FastifyReply, key: string | undefined): void {
  const { authorization, 'stripe-version': version } = request.headers
  const [, given] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? []
  if (!given) {
    throw unauthorized(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    )
  }
  if (key === undefined ? !/^sk_test_\w+$/.test(given) : given !== key) {
    throw unauthorized(`Invalid API Key provided: ${given.slice(0, 8)}${'*'.repeat(8)}${given.slice(-4)}`)
  }
  if (version === undefined) return
  if (!/^\d{4}-\d{2}-\d{2}(\.\w+)?$/.test(String(version))) throw invalid(`Invalid Stripe API version: ${version}`)
  reply.header('stripe-version', version)
}

/** Marks the key as in use until the answer has been given. */
function holdKey(request: FastifyRequest, reply: FastifyReply, call: Call, form: string, inFlight: Set<string>): void {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string' || key === '') return
  if (key.length > 255) throw invalid('Idempotency keys have up to 255 characters.')
  if (inFlight.has(key)) throw keyInUse(key)
  inFlight.add(key)
  reply.header('idempotency-key', key)
  call.key = key
  call.fingerprint = hash('sha1', form.split('&').sort().join('&'), 'base64url')
}

function split(url: string): [string, string] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

function numbered(prefix: string) {
  let count = 0
  return () => `${prefix}${(count++).toString(36).padStart(4, '0')}`
}
