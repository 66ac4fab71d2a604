import type { z } from 'zod'
import { StockItemListed, StockPriceChanged, StockRejected, StockReserved } from './inventory.ts'
import { NotificationFailed, NotificationSent } from './notification.ts'
import { OrderCancelled, OrderConfirmed, OrderPaymentDue, OrderPlaced } from './order.ts'
import { PaymentCaptured, PaymentDeclined, PaymentRefunded } from './payment.ts'

/** Every event on the wire, by its CloudEvents type. A change that readers cannot ignore is a new version beside the old. */
export const events = {
  'order.placed.v1': OrderPlaced,
  'order.payment-due.v1': OrderPaymentDue,
  'order.confirmed.v1': OrderConfirmed,
  'order.cancelled.v1': OrderCancelled,
  'stock.item-listed.v1': StockItemListed,
  'stock.price-changed.v1': StockPriceChanged,
  'stock.reserved.v1': StockReserved,
  'stock.rejected.v1': StockRejected,
  'payment.captured.v1': PaymentCaptured,
  'payment.declined.v1': PaymentDeclined,
  'payment.refunded.v1': PaymentRefunded,
  'notification.sent.v1': NotificationSent,
  'notification.failed.v1': NotificationFailed,
} as const

export type EventType = keyof typeof events

/** What one service tells the others. */
export type PublicEvent = {
  [T in EventType]: { readonly type: T; readonly data: Readonly<z.infer<(typeof events)[T]>> }
}[EventType]

export const isEventType = (type: string): type is EventType => Object.hasOwn(events, type)
