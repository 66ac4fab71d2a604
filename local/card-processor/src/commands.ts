import { type NewToken, newId } from './ids.ts'
import { type Confirmation, cancel, confirm, type Intent, type IntentOutcome, knownCard, settled } from './intent.ts'
import type { Answer, Books } from './ledger.ts'
import { renderIntent, renderRefund } from './objects.ts'
import type { Params } from './params.ts'
import { refund } from './refund.ts'
import { invalid, missingParameter, noSuch, StripeRefusal } from './refusals.ts'

/** Milliseconds. */
export interface Timing {
  /** How long `pm_card_slow` takes. */
  slow: number
  /** How long a pending refund takes to end. */
  refund: number
}

/** What a call came to. A list is rendered at once: it is never said again under a key. */
export interface Outcome {
  answer: Answer | { status: 200; list: object }
  remember: boolean
  answerAt?: number | undefined
  silence?: 'done' | 'lost' | undefined
}

/** A call whose parameters are in order. It runs inside a commit, and may run twice if a neighbour in it fails. */
export type Command = (ledger: Books, now: number, token: NewToken) => Outcome

/** Reads the parameters of one route; `id` is the object named in the path. */
export type Route = (params: Params, id: string, timing: Timing) => Command

const currencies = new Set(Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()))
const cancellations = ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'] as const

export const createIntent: Route = (params, _id, timing) => {
  const draft = readDraft(params)
  const confirmation = readConfirmation(params)
  const atOnce = params.boolean('confirm') ?? false
  if (!atOnce && confirmation.returnUrl) {
    throw invalid('return_url may be given only together with confirm=true.', 'return_url')
  }
  return (ledger, now, token) => {
    const paymentMethod = confirmation.paymentMethod ?? null
    const status = paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation'
    const names = { id: newId('pi_', now, token), secret: token() }
    const intent: Intent = { ...names, created: now, ...draft, paymentMethod, status, attempts: 0 }
    if (!atOnce) {
      ledger.addIntent(intent)
      return { answer: { status: 200, intent }, remember: true }
    }
    const outcome = confirm(intent, confirmation, now, timing.slow)
    ledger.addIntent(outcome.intent)
    return told(outcome)
  }
}

export const confirmIntent: Route = (params, id, timing) => {
  const confirmation = readConfirmation(params)
  return (ledger, now) =>
    withIntent(ledger, id, now, (intent) => {
      const outcome = confirm(intent, confirmation, now, timing.slow)
      ledger.saveIntent(outcome.intent)
      return told(outcome)
    })
}

export const cancelIntent: Route = (params, id) => {
  const reason = params.oneOf('cancellation_reason', [...cancellations])
  return (ledger, now) =>
    withIntent(ledger, id, now, (before) => {
      const intent = cancel(before, reason, now)
      ledger.saveIntent(intent)
      return { answer: { status: 200, intent }, remember: true }
    })
}

export const retrieveIntent: Route = (_params, id) => (ledger) => {
  const intent = ledger.intent(id)
  if (!intent) throw noSuch('payment_intent', id, 'intent')
  return { answer: { status: 200, intent }, remember: false }
}

export const listIntents: Route = (params) => {
  const { limit, after } = readPage(params)
  return (ledger, now) => {
    const before = after === undefined ? undefined : ledger.intentPosition(after)
    if (after !== undefined && before === undefined) throw noSuch('payment_intent', after, 'starting_after', 400)
    const page = ledger.latestIntents(before, limit)
    return list(
      '/v1/payment_intents',
      page.next !== null,
      page.data.map((intent) => renderIntent(intent, now)),
    )
  }
}

export const createRefund: Route = (params, _id, timing) => {
  const id = params.required('payment_intent')
  const request = {
    amount: params.integer('amount', 1, Number.MAX_SAFE_INTEGER),
    metadata: params.metadata(),
    reason: params.oneOf('reason', ['duplicate', 'fraudulent', 'requested_by_customer']),
  }
  return (ledger, now, token) => {
    const intent = ledger.intent(id)
    if (!intent) throw noSuch('payment_intent', id, 'payment_intent')
    const draft = refund(settled(intent, now), ledger.refundsOf(id), request, now, timing.refund)
    const created = { id: newId('re_', now, token), ...draft }
    ledger.addRefund(created)
    return { answer: { status: 200, refund: created }, remember: true }
  }
}

export const retrieveRefund: Route = (_params, id) => (ledger) => {
  const found = ledger.refund(id)
  if (!found) throw noSuch('refund', id, 'id')
  return { answer: { status: 200, refund: found }, remember: false }
}

export const listRefunds: Route = (params) => {
  const intent = params.text('payment_intent')
  const { limit, after } = readPage(params)
  return (ledger, now) => {
    const before = after === undefined ? undefined : ledger.refundPosition(after)
    if (after !== undefined && before === undefined) throw noSuch('refund', after, 'starting_after', 400)
    const page = ledger.latestRefunds(intent, before, limit)
    return list(
      '/v1/refunds',
      page.next !== null,
      page.data.map((it) => renderRefund(it, now)),
    )
  }
}

function readDraft(params: Params) {
  const amount = params.integer('amount', 1, 99_999_999, 'amount_too_large')
  if (amount === undefined) throw missingParameter('amount')
  const currency = params.required('currency').toLowerCase()
  if (!currencies.has(currency)) throw invalid(`Invalid currency: ${currency}. Use an ISO 4217 code.`, 'currency')
  params.oneOf('confirmation_method', ['automatic'])
  return {
    amount,
    currency,
    automatic: readMethods(params),
    captureMethod: params.oneOf('capture_method', ['automatic', 'automatic_async']) ?? 'automatic_async',
    metadata: params.metadata(),
    description: params.text('description', 1000) ?? null,
  }
}

/** Without either parameter Stripe turns automatic payment methods on, redirects included. */
function readMethods(params: Params): Intent['automatic'] {
  const types = params.list('payment_method_types')
  const enabled = params.boolean('automatic_payment_methods[enabled]')
  const redirects = params.oneOf('automatic_payment_methods[allow_redirects]', ['always', 'never'])
  if (types && enabled) {
    throw invalid('You may only specify one of these parameters: automatic_payment_methods, payment_method_types.')
  }
  const other = types?.find((type) => type !== 'card')
  if (other !== undefined) {
    throw invalid(
      `The payment method type provided: ${other} is invalid; this stand-in has card only.`,
      'payment_method_types',
    )
  }
  if (redirects && enabled === undefined) throw missingParameter('automatic_payment_methods[enabled]')
  return types || enabled === false ? null : (redirects ?? 'always')
}

function readConfirmation(params: Params): Confirmation {
  const paymentMethod = params.text('payment_method')
  if (paymentMethod) knownCard(paymentMethod)
  const offSession = params.boolean('off_session') ?? false
  const refuseAction = (params.boolean('error_on_requires_action') ?? false) || offSession
  return { paymentMethod, refuseAction, returnUrl: params.text('return_url') }
}

function readPage(params: Params) {
  return { limit: params.integer('limit', 1, 100) ?? 10, after: params.text('starting_after') }
}

/** A refusal that is about an intent shows it. */
function withIntent(ledger: Books, id: string, now: number, work: (intent: Intent) => Outcome): Outcome {
  const stored = ledger.intent(id)
  if (!stored) throw noSuch('payment_intent', id, 'intent')
  const intent = settled(stored, now)
  try {
    return work(intent)
  } catch (error) {
    if (!(error instanceof StripeRefusal) || error.status !== 400) throw error
    return { answer: { status: error.status, error: error.body, intent }, remember: true }
  }
}

function told({ intent, refusal, answerAt, silence }: IntentOutcome): Outcome {
  const answer: Answer =
    refusal === undefined
      ? { status: 200, intent }
      : { status: refusal.status, error: refusal.body, ...(refusal.status < 500 && { intent }) }
  return { answer, remember: silence !== 'lost', answerAt, silence }
}

function list(url: string, has_more: boolean, data: object[]): Outcome {
  return { answer: { status: 200, list: { object: 'list', url, has_more, data } }, remember: false }
}
