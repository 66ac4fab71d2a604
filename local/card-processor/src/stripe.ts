import { hash } from 'node:crypto'
import type { Command, Outcome, Route, Timing } from './commands.ts'
import * as commands from './commands.ts'
import { type NewToken, unguessable } from './ids.ts'
import type { Books, Call, Remembered } from './ledger.ts'
import { renderError, renderIntent, renderRefund } from './objects.ts'
import { Params } from './params.ts'
import {
  invalid,
  keyInUse,
  otherEndpoint,
  otherParameters,
  StripeRefusal,
  unauthorized,
  unrecognizedUrl,
} from './refusals.ts'

export interface StripeOptions {
  ledger: Books
  timing: Timing
  /** The one key that is accepted; without it, any `sk_test_...`. */
  key?: string | undefined
  /** Milliseconds since the epoch. */
  now: () => number
  token?: NewToken
}

export interface StripeRequest {
  method: string
  /** Path and query. */
  url: string
  /** Their names are in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body. */
  form: string
}

export interface StripeAnswer {
  status: number
  headers: Record<string, string>
  body: object
  /** Milliseconds since the epoch before which it is not given. */
  answerAt?: number | undefined
  /** It is never given. `lost`: nothing happened either. */
  silence?: 'done' | 'lost' | undefined
}

/** Puts trouble in a command's way. A key that has its answer is answered without. */
export type Trouble = (command: Command) => Command

export type Stripe = ReturnType<typeof createStripe>

/** Stripe keeps an idempotency key for at least 24 hours. Milliseconds. */
const keyLifetime = 24 * 3600 * 1000

const routes = new Map<string, Route>([
  ['POST payment_intents', commands.createIntent],
  ['GET payment_intents', commands.listIntents],
  ['GET payment_intents/:id', commands.retrieveIntent],
  ['POST payment_intents/:id/confirm', commands.confirmIntent],
  ['POST payment_intents/:id/cancel', commands.cancelIntent],
  ['POST refunds', commands.createRefund],
  ['GET refunds', commands.listRefunds],
  ['GET refunds/:id', commands.retrieveRefund],
])

/** Stripe's API without a socket: keys, replays, refusals and answers. It reads no time and waits for nothing. */
export function createStripe(options: StripeOptions) {
  const { now, token = unguessable } = options
  const means = { ...options, token, keysInFlight: new Set<string>() }
  const requestId = numbered(`req_${token().slice(0, 10)}`)
  const receive = (method: string, url: string) => new Exchange(means, method, url, requestId(), now())
  return {
    /** A request has come; the caller goes through the steps of its exchange. */
    receive,
    /** All steps of an exchange at once. */
    answer({ method, url, headers, form }: StripeRequest, trouble?: Trouble): StripeAnswer {
      const exchange = receive(method, url)
      try {
        exchange.read(headers, form)
        return exchange.answer(trouble)
      } catch (error) {
        if (error instanceof StripeRefusal) return exchange.refuse(error)
        throw error
      } finally {
        exchange.end()
      }
    },
  }
}

interface Means extends StripeOptions {
  token: NewToken
  keysInFlight: Set<string>
}

interface Told extends Outcome {
  /** When the first answer was given, for a replay. */
  asOf: number
  replayed: boolean
}

/** A request, until its answer has been given. */
class Exchange {
  readonly requestId: string
  readonly #means: Means
  readonly #url: string
  readonly #call: Call
  readonly #headers: Record<string, string>
  #command: Command | undefined

  constructor(means: Means, method: string, url: string, requestId: string, at: number) {
    this.requestId = requestId
    this.#means = means
    this.#url = url
    this.#call = { requestId, at, method, path: split(url)[0], status: 0 }
    this.#headers = { 'request-id': requestId }
  }

  /** Reads the request, and marks its key as in use until the end. Throws a StripeRefusal. */
  read(headers: StripeRequest['headers'], form: string): void {
    const { method, path } = this.#call
    this.#authorise(headers)
    const [route, id] = find(method, path)
    const text = method === 'POST' ? form : split(this.#url)[1]
    const params = new Params(text)
    this.#command = route(params, id, this.#means.timing)
    params.finish()
    if (method === 'POST') this.#holdKey(headers['idempotency-key'], text)
  }

  /** Inside a commit, maybe more than once: the answer that the key has already, or the command and its record. */
  answer(trouble: Trouble = (command) => command): StripeAnswer {
    const { ledger, token } = this.#means
    const call = this.#call
    const command = this.#command
    if (!command) throw new Error('a request is answered after it was read')
    const told = attempt(call, () => {
      const known = call.key === undefined ? undefined : ledger.remembered(call.key, call.at - keyLifetime)
      return known ? replay(known, call) : { ...trouble(command)(ledger, call.at, token), replayed: false }
    })
    const { answer, answerAt, remember, replayed, silence } = told
    ledger.record({
      ...call,
      status: silence ? 0 : answer.status,
      answer: remember && call.key !== undefined && !('list' in answer) ? answer : undefined,
      availableAt: answerAt ?? call.at,
      replayed,
    })
    const replayedHeader = replayed ? { 'idempotent-replayed': 'true' } : {}
    const headers = { ...this.#headers, ...replayedHeader, ...mayRepeat(answer.status) }
    return { status: answer.status, headers, body: render(told), answerAt, silence }
  }

  /** Inside a commit: the answer to what went no further, and its record. */
  refuse({ status, body }: StripeRefusal): StripeAnswer {
    this.#means.ledger.record({ ...this.#call, status })
    const headers = { ...this.#headers, ...mayRepeat(status) }
    return { status, headers, body: renderError(body, undefined, this.#call.at) }
  }

  /** The answer has been given, or never will be. */
  end(): void {
    if (this.#call.key !== undefined) this.#means.keysInFlight.delete(this.#call.key)
  }

  #authorise({ authorization, 'stripe-version': version }: StripeRequest['headers']): void {
    const { key } = this.#means
    const [, given] = /^Bearer (\S+)$/i.exec(String(authorization ?? '')) ?? []
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
    this.#headers['stripe-version'] = String(version)
  }

  #holdKey(key: string | string[] | undefined, form: string): void {
    const { keysInFlight } = this.#means
    if (typeof key !== 'string' || key === '') return
    if (key.length > 255) throw invalid('Idempotency keys have up to 255 characters.')
    if (keysInFlight.has(key)) throw keyInUse(key)
    keysInFlight.add(key)
    this.#headers['idempotency-key'] = key
    this.#call.key = key
    this.#call.fingerprint = hash('sha1', form.split('&').sort().join('&'), 'base64url')
  }
}

/** The route of a path such as `/v1/payment_intents/pi_1/confirm`, and the id in it. */
function find(method: string, path: string): [Route, string] {
  const [, , resource, id, ...action] = path.split('/')
  const pattern = id === undefined ? resource : [resource, ':id', ...action].join('/')
  const route = routes.get(`${method === 'HEAD' ? 'GET' : method} ${pattern}`)
  if (!route) throw unrecognizedUrl(method, path)
  return [route, id === undefined ? '' : decodeURIComponent(id)]
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

function replay({ answer, availableAt, fingerprint, path }: Remembered, call: Call): Told {
  const key = call.key ?? ''
  if (path !== call.path) throw otherEndpoint(key, call.path, path)
  if (fingerprint !== call.fingerprint) throw otherParameters(key)
  if (call.at < availableAt) throw keyInUse(key)
  return { answer, remember: false, asOf: availableAt, replayed: true }
}

function render({ answer, asOf }: Told): object {
  if ('list' in answer) return answer.list
  if ('error' in answer) return renderError(answer.error, answer.intent, asOf)
  return 'refund' in answer ? renderRefund(answer.refund, asOf) : renderIntent(answer.intent, asOf)
}

/** A 500 that a key remembers would only be said again, so clients are told not to retry it; what passes by itself they may. */
function mayRepeat(status: number): Record<string, string> {
  if (status === 500) return { 'stripe-should-retry': 'false' }
  return status === 409 || status === 429 ? { 'stripe-should-retry': 'true' } : {}
}

function split(url: string): [string, string] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

function numbered(prefix: string) {
  let count = 0
  return () => `${prefix}${(count++).toString(36).padStart(4, '0')}`
}
