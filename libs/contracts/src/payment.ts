import { z } from 'zod'
import { Currency, MinorUnits, OrderId, Timestamp } from './values.ts'

/** What the payment service says, on the topic `payments`. */

export const PaymentCaptured = z.object({
  orderId: OrderId,
  amount: MinorUnits,
  currency: Currency,
  capturedAt: Timestamp,
})

export const PaymentDeclined = z.object({
  orderId: OrderId,
  /** `expired`, `requires-action`, or the card processor's decline code. */
  reason: z.string().min(1).max(100),
  declinedAt: Timestamp,
})

export const PaymentRefunded = z.object({
  orderId: OrderId,
  amount: MinorUnits,
  currency: Currency,
  refundedAt: Timestamp,
})
