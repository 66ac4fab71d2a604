import { type Card, findCard } from './cards.ts'
import { type ErrorBody, invalid, lockTimeout, StripeRefusal, unexpectedState } from './refusals.ts'

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'succeeded'
  | 'canceled'

/** What is stored of a PaymentIntent; `renderIntent` makes Stripe's object of it. Amounts are minor units. */
export interface Intent {
  id: string
  secret: string
  /** Milliseconds since the epoch, as are all times here. */
  created: number
  amount: number
  currency: string
  status: IntentStatus
  paymentMethod: string | null
  automatic: 'always' | 'never' | null
  captureMethod: string
  metadata: Record<string, string>
  description: string | null
  /** How often confirmation reached the card, for the cards that fail once. */
  attempts: number
  /** A slow charge has succeeded from then on; nothing needs to happen for it. */
  settlesAt?: number
  charge?: string
  lastError?: ErrorBody & { payment_method: string }
  returnUrl?: string
  canceledAt?: number
  cancellationReason?: string
}

export interface Confirmation {
  paymentMethod?: string | undefined
  returnUrl?: string | undefined
  /** The customer is not there to authenticate, so a card that asks for it is declined. */
  refuseAction?: boolean | undefined
}

/** The intent after a command, and how the caller hears of it. */
export interface IntentOutcome {
  intent: Intent
  refusal?: StripeRefusal
  /** Milliseconds since the epoch before which there is no answer. */
  answerAt?: number
  /** The caller never hears. `lost` says that nothing happened either, so that the same key may be used again. */
  silence?: 'done' | 'lost'
}

export function knownCard(paymentMethod: string): Card {
  const card = findCard(paymentMethod)
  if (card) return card
  const message = `No such PaymentMethod: '${paymentMethod}'; this stand-in knows test payment methods such as pm_card_visa only`
  throw invalid(message, 'payment_method', 'resource_missing')
}

/** The intent as it is now: a slow charge that is over has succeeded. */
export function settled(intent: Intent, now: number): Intent {
  if (intent.status !== 'processing' || now < (intent.settlesAt ?? 0)) return intent
  return charged(intent)
}

export function confirm(before: Intent, confirmation: Confirmation, now: number, slow: number): IntentOutcome {
  mayConfirm(before, confirmation)
  const paymentMethod = confirmation.paymentMethod ?? before.paymentMethod
  if (paymentMethod === null) {
    throw unexpectedState(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    )
  }
  const { charge } = knownCard(paymentMethod)
  const { lastError, ...rest } = before
  const intent: Intent = { ...rest, paymentMethod, attempts: before.attempts + 1 }
  if (confirmation.returnUrl) intent.returnUrl = confirmation.returnUrl
  switch (charge.kind) {
    case 'succeeds':
      return { intent: charged(intent) }
    case 'declines':
      return declined(intent, charge.code, charge.declineCode, charge.message)
    case 'needs-authentication':
      if (!confirmation.refuseAction) return { intent: { ...intent, status: 'requires_action' } }
      return declined(
        intent,
        'authentication_required',
        'authentication_required',
        'Your card was declined. This transaction requires authentication.',
      )
    case 'slow': {
      const answerAt = now + slow
      return { intent: { ...intent, status: 'processing', settlesAt: answerAt, charge: chargeOf(intent) }, answerAt }
    }
    case 'fails-after':
      return { intent: charged(intent), refusal: failure() }
    case 'silent-after':
      return { intent: charged(intent), silence: 'done' }
    case 'fails-once':
      if (before.attempts > 0) return { intent: charged(intent) }
      return { intent: { ...before, attempts: 1 }, refusal: failure() }
    case 'silent-once':
      if (before.attempts > 0) return { intent: charged(intent) }
      return { intent: { ...before, attempts: 1 }, silence: 'lost' }
  }
}

const confirmable = ['requires_payment_method', 'requires_confirmation', 'requires_action']

function mayConfirm(intent: Intent, { returnUrl }: Confirmation): void {
  if (intent.status === 'processing') throw lockTimeout()
  if (intent.status === 'succeeded') {
    throw unexpectedState(
      'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.',
    )
  }
  if (!confirmable.includes(intent.status)) {
    throw unexpectedState(
      `You cannot confirm this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be confirmed: ${confirmable.join(', ')}.`,
    )
  }
  if (intent.automatic === 'always' && !returnUrl && !intent.returnUrl) {
    throw invalid(
      "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
      'return_url',
    )
  }
}

export function cancel(intent: Intent, reason: string | undefined, now: number): Intent {
  if (intent.status === 'processing') throw lockTimeout()
  if (intent.status === 'succeeded' || intent.status === 'canceled') {
    throw unexpectedState(
      `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, processing.`,
    )
  }
  return { ...intent, status: 'canceled', canceledAt: now, ...(reason && { cancellationReason: reason }) }
}

function charged(intent: Intent): Intent {
  const { settlesAt, ...rest } = intent
  return { ...rest, status: 'succeeded', charge: chargeOf(intent) }
}

function chargeOf(intent: Intent): string {
  return `ch_${intent.id.slice(3)}`
}

function declined(intent: Intent, code: string, declineCode: string | undefined, message: string): IntentOutcome {
  const charge = chargeOf(intent)
  const body: ErrorBody = {
    type: 'card_error',
    code,
    ...(declineCode && { decline_code: declineCode }),
    message,
    charge,
  }
  const lastError = { ...body, payment_method: intent.paymentMethod ?? '' }
  const after: Intent = { ...intent, status: 'requires_payment_method', paymentMethod: null, charge, lastError }
  return { intent: after, refusal: new StripeRefusal(402, body) }
}

function failure(): StripeRefusal {
  return new StripeRefusal(500, { type: 'api_error', message: 'An error occurred while processing your request.' })
}
