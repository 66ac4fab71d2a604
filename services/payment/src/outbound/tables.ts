import { type Table, table } from '@flotilla/decider/table'
import type { Due, KnownPayment, Payment } from '../domain/payment.ts'

/** How payments stand in the database. The columns captured and refunded are the ledger, with its sums constrained. */

export const paymentKey = (orderId: string): string => `payment:${orderId}`

type Saved = Exclude<Payment, { status: 'absent' }>
const saved = (payment: Payment): Saved => payment as Saved
const due = (payment: Payment): KnownPayment | undefined =>
  payment.status === 'absent' || payment.status === 'shut' ? undefined : payment

const hasMoney = new Set(['captured', 'refunding', 'refunded'])

function momentOf(payment: Payment): number | null {
  if (payment.status === 'captured') return payment.capturedAt
  if (payment.status === 'refunding') return payment.since
  return payment.status === 'refunded' ? payment.refundedAt : null
}

export const paymentTable: Table<Payment> = table<Payment>()({
  kind: 'payment',
  name: 'payment',
  id: 'uuid',
  columns: {
    status: { type: 'text', write: (payment) => payment.status as string },
    customer: { type: 'text', write: (payment) => due(payment)?.customer ?? null },
    amount: { type: 'integer', write: (payment) => due(payment)?.amount ?? null },
    currency: { type: 'text', write: (payment) => due(payment)?.currency ?? null },
    payment_method: { type: 'text', write: (payment) => due(payment)?.paymentMethod ?? null },
    deadline: { type: 'integer', write: (payment) => saved(payment).deadline },
    cancelled: { type: 'boolean', write: (payment) => ('cancelled' in payment ? payment.cancelled : null) },
    intent_id: { type: 'text', write: (payment) => ('intentId' in payment ? (payment.intentId ?? null) : null) },
    reason: { type: 'text', write: (payment) => ('reason' in payment ? payment.reason : null) },
    at: { type: 'integer', write: momentOf },
    captured: { type: 'integer', write: (payment) => (hasMoney.has(payment.status) ? (due(payment)?.amount ?? 0) : 0) },
    refunded: {
      type: 'integer',
      write: (payment) => (payment.status === 'refunded' ? payment.amount : 0),
    },
  },
  read(row, orderId): Payment {
    const { customer, amount, currency, payment_method: paymentMethod, deadline, at } = row
    const what = { orderId, customer, amount, currency, paymentMethod, deadline } as Due
    const intentId = row.intent_id as string
    switch (row.status as Saved['status']) {
      case 'shut':
        return { status: 'shut', orderId, deadline: what.deadline }
      case 'requested':
        return { ...what, status: 'requested', cancelled: row.cancelled === true }
      case 'pending':
        return { ...what, status: 'pending', intentId, cancelled: row.cancelled === true }
      case 'captured':
        return { ...what, status: 'captured', intentId, capturedAt: at as number }
      case 'declined':
        return { ...what, status: 'declined', intentId: intentId ?? undefined, reason: row.reason as string }
      case 'cancelled':
        return { ...what, status: 'cancelled', intentId: intentId ?? undefined }
      case 'refunding':
        return { ...what, status: 'refunding', intentId, since: at as number }
      case 'refunded':
        return { ...what, status: 'refunded', intentId, refundedAt: at as number }
    }
  },
})
