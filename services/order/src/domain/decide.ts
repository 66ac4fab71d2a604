import type { CancelReason, KnownOrder, Order, OrderCommand, OrderEvent, OrderRefusal } from './order.ts'
import { price } from './place.ts'

type Decision =
  | { readonly accepted: true; readonly events: readonly OrderEvent[] }
  | { readonly accepted: false; readonly refusal: OrderRefusal }
type News<T extends OrderCommand['type']> = Extract<OrderCommand, { type: T }>

const accept = (...events: OrderEvent[]): Decision => ({ accepted: true, events })
const refuse = (refusal: OrderRefusal): Decision => ({ accepted: false, refusal })
const contradicts = (order: KnownOrder, news: string) =>
  refuse({ code: 'contradiction', detail: `${news}, but the order is ${order.status}` })

/**
 * Every rule of ordering: the saga's state machine. Requests are refused when they cannot be met; news that comes late
 * or twice is accepted and at most remembered; only news that cannot be true of this order is refused.
 */
export function decide(order: Order, command: OrderCommand): Decision {
  if (command.type === 'Place') {
    if (order.status !== 'absent') return refuse({ code: 'already-placed' })
    const priced = price(command)
    return 'placed' in priced ? accept({ type: 'Placed', ...priced.placed }) : refuse(priced.refusal)
  }
  if (order.status === 'absent') return refuse({ code: 'unknown-order' })
  switch (command.type) {
    case 'Cancel':
      if (order.status === 'confirmed') return refuse({ code: 'already-confirmed' })
      return accept(...cancelled(order, 'customer-request', command.at))
    case 'Expire':
      return accept(...cancelled(order, 'expired', command.at))
    case 'HearStockReserved':
      return stockReserved(order, command)
    case 'HearStockRejected':
      if (order.status === 'reserved' || order.status === 'confirmed') return contradicts(order, 'stock was rejected')
      return accept({ type: 'StockRejected', reason: command.reason }, ...cancelled(order, command.reason, command.at))
    case 'HearPaymentCaptured':
      return paymentCaptured(order, command)
    case 'HearPaymentDeclined':
      return paymentDeclined(order, command)
    case 'HearPaymentRefunded':
      if (order.status !== 'cancelled') return contradicts(order, 'the payment was refunded')
      return accept({ type: 'PaymentRefunded', amount: command.amount })
    case 'HearNotification':
      return notified(order, command)
  }
}

/** An order that has ended stays as it is. */
function cancelled(order: KnownOrder, reason: CancelReason, at: number): OrderEvent[] {
  if (order.status === 'confirmed' || order.status === 'cancelled') return []
  return [{ type: 'Cancelled', reason, paymentDue: order.status === 'reserved', at }]
}

/** Past the deadline nothing is asked for any more, whether or not the deadline itself was noticed yet. */
function stockReserved(order: KnownOrder, { at }: News<'HearStockReserved'>): Decision {
  if (order.status === 'reserved' || order.status === 'confirmed') return accept()
  const late = order.status === 'placed' && at >= order.deadline
  return accept({ type: 'StockReserved' }, ...(late ? cancelled(order, 'expired', at) : []))
}

function paymentCaptured(order: KnownOrder, { amount, currency, at }: News<'HearPaymentCaptured'>): Decision {
  if (order.status === 'placed') return contradicts(order, 'a payment was captured')
  if (amount !== order.total || currency !== order.currency) {
    return contradicts(order, `${amount} ${currency} were captured for a total of ${order.total} ${order.currency}`)
  }
  const heard: OrderEvent = { type: 'PaymentCaptured', amount }
  switch (order.status) {
    case 'reserved':
      if (at >= order.deadline) return accept(heard, ...cancelled(order, 'expired', at))
      return accept(heard, { type: 'Confirmed', at })
    case 'cancelled':
      return order.paymentDue ? accept(heard) : contradicts(order, 'a payment was captured that was never due')
    case 'confirmed':
      return accept()
  }
}

function paymentDeclined(order: KnownOrder, { reason, at }: News<'HearPaymentDeclined'>): Decision {
  if (order.status === 'placed' || order.status === 'confirmed') return contradicts(order, 'the payment was declined')
  if (order.status === 'cancelled' && !order.paymentDue) {
    return contradicts(order, 'a payment was declined that was never due')
  }
  const why = reason === 'expired' ? 'expired' : 'payment-declined'
  return accept({ type: 'PaymentDeclined', reason }, ...cancelled(order, why, at))
}

function notified(order: KnownOrder, { kind, result }: News<'HearNotification'>): Decision {
  if (kind !== `order-${order.status}`) return contradicts(order, `the customer was told of ${kind}`)
  return accept({ type: result === 'sent' ? 'NotificationSent' : 'NotificationFailed', kind })
}
