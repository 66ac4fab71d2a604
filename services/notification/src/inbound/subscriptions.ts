import type { Envelope } from '@flotilla/contracts/envelope'
import type { End, NotificationCommand } from '../domain/notification.ts'

/** What notification hears, and what it makes of it. `at` in milliseconds since the epoch. */
export function hear(event: Envelope, at: number): NotificationCommand | undefined {
  switch (event.type) {
    case 'order.confirmed.v1':
      return tell(event.data, { kind: 'order-confirmed', lines: event.data.lines }, at)
    case 'order.cancelled.v1':
      return tell(event.data, { kind: 'order-cancelled', reason: event.data.reason }, at)
    default:
      return undefined
  }
}

/** What both ends of an order say. */
type Ended = Extract<Envelope, { type: 'order.confirmed.v1' | 'order.cancelled.v1' }>['data']

function tell(
  { orderId, customer, email, currency, total, deadline }: Ended,
  end: End,
  at: number,
): NotificationCommand {
  return { type: 'Tell', orderId, customer, email, currency, total, end, deadline: Date.parse(deadline), toldAt: at }
}
