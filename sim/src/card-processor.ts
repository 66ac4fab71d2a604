import type { Outcome, Timing } from '@flotilla/card-processor/commands'
import { type MemoryLedger, openMemoryLedger } from '@flotilla/card-processor/memory-ledger'
import { apiError, tooManyRequests } from '@flotilla/card-processor/refusals'
import {
  createStripe,
  type StripeAnswer,
  type Stripe as StripeApi,
  type StripeRequest,
  type Trouble,
} from '@flotilla/card-processor/stripe'
import { summary } from '@flotilla/card-processor/summary'
import { type CardProcessor, stripeProcessor } from '@flotilla/payment/outbound/card-processor'
import type { IntentRecord } from '@flotilla/verify/records'
import Stripe from 'stripe'
import type { Life, Step } from './life.ts'
import { patiently } from './patience.ts'
import type { World } from './world.ts'

/** The card processor: Stripe's stand-in without its socket, spoken to by Stripe's own client without its. */
export interface CardProcessorTwin {
  /** Payment's port, as one process of payment has it. */
  connect(life: Life): CardProcessor
  /** The processor's own book, for the checks. */
  intents(): IntentRecord[]
  /** Forgets everything: a new run begins. */
  reset(): void
}

/** After which payment gives up a call, in milliseconds; the processor may carry it out all the same. */
const patience = 6_000

export function createCardProcessorTwin(world: World, timing: Timing): CardProcessorTwin {
  const now = () => Math.floor(world.time.now)
  const open = () => {
    const ledger: MemoryLedger = openMemoryLedger()
    return { ledger, stripe: createStripe({ ledger, timing, now, token: counted() }) }
  }
  let { ledger, stripe } = open()
  return {
    connect(life) {
      const ask: Ask = (request) =>
        patiently(life, { lasts: patience, failure: timedOut }, () => stepOf(world, stripe, life, request))
      return stripeProcessor(() => clientFor(ask))
    },
    intents: () =>
      ledger.intents().map((intent) => {
        const it = summary(intent, ledger.refundsOf(intent.id), now())
        const { id, currency, amount_received: received, amount_refunded: refunded } = it
        return { id, orderId: it.metadata.orderId, currency, received, refunded }
      }),
    reset() {
      ;({ ledger, stripe } = open())
    },
  }
}

/** A request's way to the processor and back. */
function stepOf(world: World, stripe: StripeApi, life: Life, request: StripeRequest): Step<StripeAnswer> {
  const what = whatOf(request)
  const harmless = request.method === 'GET'
  const wait = (until: number) => new Promise<void>((resolve) => world.time.at(until, () => life.alive && resolve()))
  const run = async () => {
    const { now } = world.time
    const answer = stripe.answer(request, troubled(world, what, harmless))
    const until = answer.silence ? now + patience : (answer.answerAt ?? now)
    if (until > now || answer.status === 429 || answer.status >= 500) world.hindered('card-processor', now, until)
    if (answer.silence) world.tell(life.name, () => `${what} → card-processor: ${storyOf(answer)}, and no answer`)
    if (until > now) await wait(until)
    if (answer.silence) throw timedOut()
    return answer
  }
  const failure = (sent: boolean) => (sent ? timedOut() : refused())
  return { to: 'card-processor', what, run, failure, harmless, tell: storyOf }
}

/** Trouble that Stripe has of its own, besides that of the way there and back. */
function troubled({ chaos, latency }: World, what: string, harmless: boolean): Trouble {
  const where = `card-processor ${what}`
  return (command) => {
    // Kept under the key like any answer: asked with it again, Stripe answers 500 for good.
    if (chaos.strikes('refused', `${where} 500`)) return refuse(failed)
    if (chaos.strikes('refused', `${where} 429`)) return refuse(tooManyRequests)
    const hidden = !harmless && chaos.strikes('lost', `${where} 500`)
    return (ledger, now, token) => {
      const outcome = command(ledger, now, token)
      if (hidden) return answered500()
      // A charge that takes its time is answered when it is done, or at once with `processing`.
      return outcome.answerAt !== undefined && latency.chance(0.5) ? { ...outcome, answerAt: undefined } : outcome
    }
  }
}

const refuse = (refusal: () => Error) => () => {
  throw refusal()
}

function answered500(): Outcome {
  const { status, body: error } = failed()
  return { answer: { status, error }, remember: true }
}

const failed = () => apiError('An error occurred while processing your request.')

type Ask = (request: StripeRequest) => Promise<StripeAnswer>

/**
 * Stripe's client, one for all: making one costs as much as two calls. It authorises a request before the function that was
 * called returns, and so the request's headers tell later who asked.
 */
let client: Stripe | undefined
let asking: Ask | undefined
const askedBy = new WeakMap<object, Ask>()

function clientFor(ask: Ask): Stripe {
  asking = ask
  client ??= createClient()
  return client
}

function createClient(): Stripe {
  return new Stripe('', {
    authenticator: async ({ headers }) => {
      headers.Authorization = 'Bearer sk_test_flotilla'
      if (asking) askedBy.set(headers, asking)
    },
    httpClient: { getClientName: () => 'simulation', makeRequest },
    maxNetworkRetries: 0,
    telemetry: false,
  })
}

/** Stripe's client makes a StripeConnectionError of what this throws. */
async function makeRequest(
  _host: string,
  _port: string,
  url: string,
  method: string,
  headers: Readonly<Record<string, string | number | string[]>>,
  form: string,
) {
  const ask = askedBy.get(headers)
  if (!ask) throw new Error('nobody is known to ask')
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])
  const answer = await ask({ method, url, headers: Object.fromEntries(given), form })
  return {
    getStatusCode: () => answer.status,
    getHeaders: () => answer.headers,
    getRawResponse: () => ({}),
    toStream: () => null,
    toJSON: async () => answer.body,
  }
}

/** Not ECONNRESET: after it Stripe's client asks once more by itself, by a real timer. */
const refused = () => Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })

const timedOut = () => Stripe.HttpClient.makeTimeoutError()

function whatOf({ method, url }: StripeRequest): string {
  if (url.startsWith('/v1/refunds')) return method === 'GET' ? 'list-refunds' : 'refund'
  if (method === 'GET') return 'retrieve'
  return url.split('/')[4] ?? 'create'
}

/** What an answer is about, in the words of the story. */
function storyOf({ body, status }: StripeAnswer): string {
  const { error, object, metadata, data, status: state } = body as Told
  if (error) return `${status} ${error.decline_code ?? error.code ?? error.type}`
  if (data) return `${data.length} refunds${data.map((it) => `, ${it.status}`).join('')}`
  return `${object === 'refund' ? 're' : 'pi'} for order ${metadata?.orderId}: ${state}`
}

/** What the story reads of Stripe's objects. */
interface Told {
  readonly object?: string
  readonly status?: string
  readonly metadata?: { readonly orderId?: string }
  readonly data?: readonly { readonly status: string }[]
  readonly error?: { readonly type: string; readonly code?: string; readonly decline_code?: string }
}

function counted() {
  let count = 0
  return () => (count++).toString(16).padStart(16, '0')
}
