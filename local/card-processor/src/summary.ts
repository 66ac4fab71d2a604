import { type Intent, settled } from './intent.ts'
import { seconds } from './objects.ts'
import { type Refund, refundStatus } from './refund.ts'

/** One payment for `verify`. Amounts are minor units; `amount_refunded` is what has gone back, not what is on its way. */
export function summary(stored: Intent, refunds: readonly Refund[], now: number) {
  const intent = settled(stored, now)
  const sum = (status: string) =>
    refunds.reduce((total, it) => (refundStatus(it, now) === status ? total + it.amount : total), 0)
  return {
    id: intent.id,
    amount: intent.amount,
    currency: intent.currency,
    status: intent.status,
    amount_received: intent.status === 'succeeded' ? intent.amount : 0,
    amount_refunded: sum('succeeded'),
    amount_refund_pending: sum('pending'),
    payment_method: intent.paymentMethod,
    metadata: intent.metadata,
    created: seconds(intent.created),
    refunds: refunds.map((it) => ({
      id: it.id,
      amount: it.amount,
      currency: it.currency,
      status: refundStatus(it, now),
      metadata: it.metadata,
      created: seconds(it.created),
    })),
  }
}
