import type { Intent } from './intent.ts'
import { settled } from './intent.ts'
import { type Refund, refundStatus } from './refund.ts'
import type { ErrorBody } from './refusals.ts'

/** Stripe's PaymentIntent object, as it is at `now`. */
export function renderIntent(stored: Intent, now: number) {
  const intent = settled(stored, now)
  const paid = intent.status === 'succeeded'
  return {
    id: intent.id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: intent.amount,
    amount_capturable: 0,
    amount_received: paid ? intent.amount : 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: intent.automatic && { enabled: true, allow_redirects: intent.automatic },
    canceled_at: intent.canceledAt === undefined ? null : seconds(intent.canceledAt),
    cancellation_reason: intent.cancellationReason ?? null,
    capture_method: intent.captureMethod,
    client_secret: `${intent.id}_secret_${intent.secret}`,
    confirmation_method: 'automatic',
    created: seconds(intent.created),
    currency: intent.currency,
    customer: null,
    customer_account: null,
    description: intent.description,
    excluded_payment_method_types: null,
    last_payment_error: intent.lastError ? lastError(intent.lastError, intent.created) : null,
    latest_charge: intent.charge ?? null,
    livemode: false,
    managed_payments: null,
    metadata: intent.metadata,
    next_action: intent.status === 'requires_action' ? nextAction(intent) : null,
    on_behalf_of: null,
    payment_method: intent.paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: { card: { installments: null, network: null, request_three_d_secure: 'automatic' } },
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: intent.status,
    transfer_data: null,
    transfer_group: null,
  }
}

/** Stripe's Refund object, as it is at `now`. */
export function renderRefund(refund: Refund, now: number) {
  const status = refundStatus(refund, now)
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amount,
    balance_transaction: null,
    charge: refund.charge,
    created: seconds(refund.created),
    currency: refund.currency,
    customer: null,
    customer_account: null,
    metadata: refund.metadata,
    payment_intent: refund.intent,
    payment_method: null,
    reason: refund.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status,
    transfer_reversal: null,
    ...(status === 'failed' && { failure_reason: 'expired_or_canceled_card' }),
    ...(status === 'pending' && { pending_reason: 'processing' }),
  }
}

/** Stripe's error envelope; an error about an intent carries it. */
export function renderError(error: ErrorBody, intent: Intent | undefined, now: number) {
  const code = error.decline_code ?? error.code
  return {
    error: {
      ...error,
      ...(code && { doc_url: `https://docs.stripe.com/error-codes#${(error.code ?? code).replaceAll('_', '-')}` }),
      ...(intent && { payment_intent: renderIntent(intent, now) }),
      ...(error.type === 'card_error' &&
        intent?.lastError && { payment_method: card(intent.lastError.payment_method, intent.created) }),
    },
  }
}

export function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000)
}

function lastError({ payment_method, ...error }: NonNullable<Intent['lastError']>, created: number) {
  return { ...error, payment_method: card(payment_method, created) }
}

function card(id: string, created: number) {
  return { id, object: 'payment_method', type: 'card', created: seconds(created), livemode: false, metadata: {} }
}

/** A stand-in has no page to authenticate on: the action never completes. */
function nextAction(intent: Intent) {
  const url = `https://hooks.stripe.com/3d_secure_2/hosted?payment_intent=${intent.id}`
  return intent.returnUrl
    ? { type: 'redirect_to_url', redirect_to_url: { url, return_url: intent.returnUrl } }
    : { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } }
}
