import type { Payment, PaymentEvent } from './payment.ts'

/** What an event does to a payment. Never refuses: the event already happened. */
export function evolve(payment: Payment, event: PaymentEvent): Payment {
  if (event.type === 'Requested') {
    const { type: _, ...due } = event
    return { ...due, status: 'requested', cancelled: false }
  }
  if (event.type === 'Shut') return { status: 'shut', orderId: event.orderId, deadline: event.deadline }
  if (payment.status === 'absent' || payment.status === 'shut') return payment
  const { orderId, customer, amount, currency, paymentMethod, deadline } = payment
  const due = { orderId, customer, amount, currency, paymentMethod, deadline }
  const intentId = 'intentId' in payment ? payment.intentId : undefined
  switch (event.type) {
    case 'CancellationHeard':
      return payment.status === 'requested' || payment.status === 'pending' ? { ...payment, cancelled: true } : payment
    case 'IntentCreated':
      return { ...due, status: 'pending', intentId: event.intentId, cancelled: wasCancelled(payment) }
    case 'Declined':
      return { ...due, status: 'declined', intentId, reason: event.reason }
    case 'Cancelled':
      return { ...due, status: 'cancelled', intentId }
  }
  if (intentId === undefined) return payment
  switch (event.type) {
    case 'Captured':
      return { ...due, status: 'captured', intentId, capturedAt: event.at }
    case 'RefundDue':
      return { ...due, status: 'refunding', intentId, since: event.at }
    case 'Refunded':
      return { ...due, status: 'refunded', intentId, refundedAt: event.at }
  }
}

const wasCancelled = (payment: Payment): boolean => 'cancelled' in payment && payment.cancelled
