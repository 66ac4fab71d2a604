import type { PublicEvent } from '@flotilla/contracts/events'
import type { Effects } from '@flotilla/decider/batch'
import type { KnownOrder, Order, OrderEvent } from '../domain/order.ts'

export const deadlineWork = (orderId: string): string => `deadline:${orderId}`

const iso = (at: number): string => new Date(at).toISOString()

/** What ordering tells the world, and the deadline it sets itself; everything else stays private. */
export function announce(event: OrderEvent, order: Order): Effects {
  if (order.status === 'absent') return {}
  const { orderId } = order
  switch (event.type) {
    case 'Placed':
      return {
        publish: [placed(order)],
        schedule: [{ id: deadlineWork(orderId), kind: 'deadline', payload: { orderId }, dueAt: order.deadline }],
      }
    case 'StockReserved':
      return order.status === 'reserved' ? { publish: [paymentDue(order)] } : {}
    case 'Confirmed':
    case 'Cancelled':
      return { publish: ended(order), cancel: [deadlineWork(orderId)] }
    default:
      return {}
  }
}

function placed({ orderId, customer, currency, total, lines, placedAt, deadline }: KnownOrder): PublicEvent {
  const data = { orderId, customer, currency, total, lines, placedAt: iso(placedAt), deadline: iso(deadline) }
  return { type: 'order.placed.v1', data }
}

function paymentDue({ orderId, customer, total, currency, paymentMethod, deadline }: KnownOrder): PublicEvent {
  const data = { orderId, customer, amount: total, currency, paymentMethod, deadline: iso(deadline) }
  return { type: 'order.payment-due.v1', data }
}

function ended(order: KnownOrder): PublicEvent[] {
  const { orderId, customer, email, currency, total, lines } = order
  const deadline = iso(order.deadline)
  if (order.status === 'confirmed') {
    const confirmedAt = iso(order.endedAt)
    const data = { orderId, customer, email, currency, total, lines, confirmedAt, deadline }
    return [{ type: 'order.confirmed.v1', data }]
  }
  if (order.status !== 'cancelled') return []
  const { reason, paymentDue } = order
  const cancelledAt = iso(order.endedAt)
  const data = { orderId, customer, email, currency, total, reason, paymentDue, cancelledAt, deadline }
  return [{ type: 'order.cancelled.v1', data }]
}
