import { Unavailable } from '@flotilla/decider/store'
import Stripe from 'stripe'

/** What the card processor says of a PaymentIntent, in payment's words. */
export type IntentState =
  | { readonly status: 'unconfirmed' }
  | { readonly status: 'processing' }
  | { readonly status: 'requires-action' }
  | { readonly status: 'succeeded' }
  | { readonly status: 'declined'; readonly reason: string }
  | { readonly status: 'cancelled' }

export type RefundState = 'none' | 'pending' | 'succeeded'

export interface Refunds {
  readonly state: RefundState
  /** The id of the last one, whatever became of it. */
  readonly last?: string | undefined
}

export interface NewIntent {
  readonly orderId: string
  /** Integer minor units. */
  readonly amount: number
  readonly currency: string
  readonly paymentMethod: string
}

/**
 * The card processor as payment needs it. Each call answers with what is final or known; a call whose outcome is unknown
 * throws `Unavailable` (no answer, a 500, too many requests) or another error. `attempt` makes the idempotency key new:
 * a processor that has stored a 500 under a key answers it forever.
 */
export interface CardProcessor {
  /** Creates an unconfirmed intent: no money moves. */
  createIntent(intent: NewIntent, attempt: number): Promise<{ intentId: string } | { declined: string }>
  confirm(intentId: string, orderId: string, attempt: number): Promise<IntentState>
  retrieve(intentId: string): Promise<IntentState>
  /** Cancels an intent that has not succeeded; one that has says so. */
  cancel(intentId: string, orderId: string, attempt: number): Promise<IntentState>
  /** Refunds in full; what is already refunded is `succeeded`. `after`: the last refund, which failed; this is another. */
  refund(intentId: string, orderId: string, attempt: number, after?: string): Promise<RefundState>
  /** What was refunded so far. */
  refunded(intentId: string): Promise<Refunds>
}

const { StripeCardError, StripeInvalidRequestError, StripeConnectionError, StripeAPIError, StripeRateLimitError } =
  Stripe.errors

const unexpectedState = 'payment_intent_unexpected_state'

/** Wraps each call, for a time-out and a circuit breaker; it throws `Unavailable` or the like when it does not let one through. */
export type Guard = <T>(run: () => Promise<T>) => Promise<T>

/** Stripe, or whoever speaks its protocol. */
export function stripeProcessor(client: () => Stripe, guard: Guard = (run) => run()): CardProcessor {
  const call = <T>(run: () => Promise<T>): Promise<T> => guard(() => blaming(run))
  const retrieve = async (intentId: string) => stateOf(await call(() => client().paymentIntents.retrieve(intentId)))
  /** A call on an intent that was settled meanwhile is answered by how it was settled. */
  const onIntent = async (intentId: string, run: () => Promise<Stripe.PaymentIntent>): Promise<IntentState> => {
    try {
      return stateOf(await call(run))
    } catch (error) {
      if (error instanceof StripeCardError) return { status: 'declined', reason: declineCode(error) }
      if (error instanceof StripeInvalidRequestError && error.code === unexpectedState) return retrieve(intentId)
      throw error
    }
  }
  return {
    async createIntent({ orderId, amount, currency, paymentMethod }, attempt) {
      try {
        const intent = await call(() =>
          client().paymentIntents.create(
            {
              amount,
              currency: currency.toLowerCase(),
              payment_method: paymentMethod,
              automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
              metadata: { orderId },
            },
            { idempotencyKey: `${orderId}:create:${attempt}` },
          ),
        )
        return { intentId: intent.id }
      } catch (error) {
        // A request the processor will never take (an unknown card, an amount beyond its limits) is its refusal.
        if (error instanceof StripeCardError) return { declined: declineCode(error) }
        if (error instanceof StripeInvalidRequestError) return { declined: error.code || 'invalid-request' }
        throw error
      }
    },
    confirm: (intentId, orderId, attempt) =>
      onIntent(intentId, () =>
        client().paymentIntents.confirm(intentId, {}, { idempotencyKey: `${orderId}:confirm:${attempt}` }),
      ),
    retrieve,
    cancel: (intentId, orderId, attempt) =>
      onIntent(intentId, () =>
        client().paymentIntents.cancel(intentId, {}, { idempotencyKey: `${orderId}:cancel:${attempt}` }),
      ),
    async refund(intentId, orderId, attempt, after = 'none') {
      try {
        const refund = await call(() =>
          client().refunds.create(
            { payment_intent: intentId, metadata: { orderId } },
            { idempotencyKey: `${orderId}:refund:${after}:${attempt}` },
          ),
        )
        return refundStateOf([refund])
      } catch (error) {
        if (error instanceof StripeInvalidRequestError && error.code === 'charge_already_refunded') return 'succeeded'
        throw error
      }
    },
    async refunded(intentId) {
      const refunds = await call(() => client().refunds.list({ payment_intent: intentId, limit: 100 }))
      return { state: refundStateOf(refunds.data), last: refunds.data[0]?.id }
    },
  }
}

/** No answer, a 500 or too many requests is the processor's fault, not the payment's. */
async function blaming<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (
      error instanceof StripeConnectionError ||
      error instanceof StripeAPIError ||
      error instanceof StripeRateLimitError
    ) {
      throw new Unavailable(`the card processor: ${error.message}`, { cause: error })
    }
    throw error
  }
}

/** Stripe's client says '' where an answer has no decline code. */
const declineCode = ({ decline_code, code }: { readonly decline_code?: string; readonly code?: string }): string =>
  decline_code || code || 'card_declined'

function stateOf({ status, last_payment_error }: Stripe.PaymentIntent): IntentState {
  switch (status) {
    case 'succeeded':
      return { status: 'succeeded' }
    case 'canceled':
      return { status: 'cancelled' }
    case 'processing':
      return { status: 'processing' }
    case 'requires_action':
      return { status: 'requires-action' }
    case 'requires_payment_method':
      return last_payment_error
        ? { status: 'declined', reason: declineCode(last_payment_error) }
        : { status: 'unconfirmed' }
    case 'requires_confirmation':
      return { status: 'unconfirmed' }
    default:
      throw new Error(`the card processor says ${status}, which payment never asks for`)
  }
}

/** The full amount is refunded at once, so one refund that is under way or done is all there is. */
function refundStateOf(refunds: readonly Stripe.Refund[]): RefundState {
  if (refunds.some(({ status }) => status === 'succeeded')) return 'succeeded'
  return refunds.some(({ status }) => status === 'pending' || status === 'requires_action') ? 'pending' : 'none'
}
