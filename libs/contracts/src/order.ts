import { z } from 'zod'
import { Currency, Customer, MinorUnits, OrderId, Quantity, Sku, Timestamp } from './values.ts'

/** What the order service says, on the topic `orders`. */

export const OrderLine = z.object({ sku: Sku, quantity: Quantity, unitPrice: MinorUnits })
export type OrderLine = Readonly<z.infer<typeof OrderLine>>

export const OrderPlaced = z.object({
  orderId: OrderId,
  customer: Customer,
  currency: Currency,
  total: MinorUnits,
  lines: z.array(OrderLine).min(1).readonly(),
  placedAt: Timestamp,
  deadline: Timestamp,
})

export const OrderPaymentDue = z.object({
  orderId: OrderId,
  customer: Customer,
  amount: MinorUnits,
  currency: Currency,
  paymentMethod: z.string().min(1).max(255),
  deadline: Timestamp,
})

export const OrderConfirmed = z.object({
  orderId: OrderId,
  customer: Customer,
  email: z.email(),
  currency: Currency,
  total: MinorUnits,
  lines: z.array(OrderLine).min(1).readonly(),
  confirmedAt: Timestamp,
  deadline: Timestamp,
})

export const CancelReason = z.enum(['out-of-stock', 'unknown-sku', 'payment-declined', 'expired', 'customer-request'])
export type CancelReason = z.infer<typeof CancelReason>

export const OrderCancelled = z.object({
  orderId: OrderId,
  customer: Customer,
  email: z.email(),
  currency: Currency,
  total: MinorUnits,
  reason: CancelReason,
  /** Whether `order.payment-due` was said: only then has payment anything to cancel or refund. */
  paymentDue: z.boolean(),
  cancelledAt: Timestamp,
  deadline: Timestamp,
})
