import type { Order, OrderEvent } from './order.ts'

/** What an event does to an order. Never refuses: the event already happened. */
export function evolve(order: Order, event: OrderEvent): Order {
  if (event.type === 'Placed') {
    const { type: _, ...placed } = event
    return { ...placed, status: 'placed' }
  }
  if (order.status === 'absent') return order
  switch (event.type) {
    case 'StockReserved':
      return order.status === 'placed' ? { ...order, status: 'reserved' } : order
    case 'Confirmed':
      return { ...order, status: 'confirmed', endedAt: event.at }
    case 'Cancelled':
      return { ...order, status: 'cancelled', reason: event.reason, paymentDue: event.paymentDue, endedAt: event.at }
    default:
      return order
  }
}
