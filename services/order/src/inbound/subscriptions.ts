import type { Envelope } from '@flotilla/contracts/envelope'
import type { OrderCommand } from '../domain/order.ts'
import type { HearPrice } from '../domain/price.ts'

/** What ordering hears, and what it makes of it. `at` in milliseconds since the epoch. */
export function hear(event: Envelope, at: number): OrderCommand | HearPrice | undefined {
  switch (event.type) {
    case 'stock.item-listed.v1':
    case 'stock.price-changed.v1':
      return { type: 'HearPrice', ...event.data }
    case 'stock.reserved.v1':
      return { type: 'HearStockReserved', orderId: event.data.orderId, at }
    case 'stock.rejected.v1':
      return { type: 'HearStockRejected', orderId: event.data.orderId, reason: event.data.reason, at }
    case 'payment.captured.v1': {
      const { orderId, amount, currency } = event.data
      return { type: 'HearPaymentCaptured', orderId, amount, currency, at }
    }
    case 'payment.declined.v1':
      return { type: 'HearPaymentDeclined', orderId: event.data.orderId, reason: event.data.reason, at }
    case 'payment.refunded.v1': {
      const { orderId, amount, currency } = event.data
      return { type: 'HearPaymentRefunded', orderId, amount, currency, at }
    }
    case 'notification.sent.v1':
      return { type: 'HearNotification', orderId: event.data.orderId, kind: event.data.kind, result: 'sent', at }
    case 'notification.failed.v1':
      return { type: 'HearNotification', orderId: event.data.orderId, kind: event.data.kind, result: 'failed', at }
    default:
      return undefined
  }
}
