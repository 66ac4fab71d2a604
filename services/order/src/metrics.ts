import { ordersCancelled, ordersConfirmed, ordersPlaced, timeToConfirm } from '@flotilla/telemetry/metrics'
import type { Order, OrderEvent } from './domain/order.ts'

/** The business in numbers. Called once for each command that had an effect. */
export function count({ events, state }: { events: readonly OrderEvent[]; state: Order }): void {
  if (state.status === 'absent') return
  for (const event of events) {
    switch (event.type) {
      case 'Placed':
        ordersPlaced.add(1, { currency: event.currency })
        break
      case 'Confirmed':
        ordersConfirmed.add(1, { currency: state.currency })
        timeToConfirm.record((event.at - state.placedAt) / 1000)
        break
      case 'Cancelled':
        ordersCancelled.add(1, { reason: event.reason })
    }
  }
}
