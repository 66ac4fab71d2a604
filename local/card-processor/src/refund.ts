import { findCard } from './cards.ts'
import type { Intent } from './intent.ts'
import { invalid, lockTimeout, StripeRefusal } from './refusals.ts'

export type RefundStatus = 'pending' | 'succeeded' | 'failed'

/** What is stored of a Refund. Amounts are minor units, times milliseconds since the epoch. */
export interface Refund {
  id: string
  intent: string
  charge: string
  created: number
  amount: number
  currency: string
  status: RefundStatus
  metadata: Record<string, string>
  reason: string | null
  /** What it turns into, and when; nothing needs to happen for it. */
  becomes?: { status: RefundStatus; at: number }
}

export interface RefundRequest {
  amount: number | undefined
  metadata: Record<string, string>
  reason: string | undefined
}

export function refundStatus(refund: Refund, now: number): RefundStatus {
  return refund.becomes && now >= refund.becomes.at ? refund.becomes.status : refund.status
}

/** What is refunded or about to be: a failed refund gives its amount free again. */
export function amountTaken(refunds: Refund[], now: number): number {
  return refunds.reduce((sum, refund) => (refundStatus(refund, now) === 'failed' ? sum : sum + refund.amount), 0)
}

export function refund(
  intent: Intent,
  earlier: Refund[],
  request: RefundRequest,
  now: number,
  delay: number,
): Omit<Refund, 'id'> {
  if (intent.status === 'processing') throw lockTimeout()
  if (intent.status !== 'succeeded' || !intent.charge) {
    throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, 'payment_intent')
  }
  const left = intent.amount - amountTaken(earlier, now)
  const amount = request.amount ?? left
  if (left === 0) {
    const message = `Charge ${intent.charge} has already been refunded.`
    throw new StripeRefusal(400, { type: 'invalid_request_error', code: 'charge_already_refunded', message })
  }
  if (amount > left) {
    throw invalid(
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`,
      'amount',
      'amount_too_large',
    )
  }
  return {
    intent: intent.id,
    charge: intent.charge,
    created: now,
    amount,
    currency: intent.currency,
    metadata: request.metadata,
    reason: request.reason ?? null,
    ...fate(intent, earlier, now + delay),
  }
}

function fate(intent: Intent, earlier: Refund[], at: number): Pick<Refund, 'status' | 'becomes'> {
  switch (findCard(intent.paymentMethod ?? '')?.refund) {
    case 'pending':
      return { status: 'pending', becomes: { status: 'succeeded', at } }
    case 'fails':
      return { status: 'succeeded', becomes: { status: 'failed', at } }
    case 'fails-once':
      return earlier.length > 0 ? { status: 'succeeded' } : { status: 'pending', becomes: { status: 'failed', at } }
    default:
      return { status: 'succeeded' }
  }
}
