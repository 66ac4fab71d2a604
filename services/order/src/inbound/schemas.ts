import { Currency, MinorUnits, Quantity, Sku, Timestamp } from '@flotilla/contracts/values'
import { z } from 'zod'
import type { KnownOrder } from '../domain/order.ts'

/** What ordering takes and answers over HTTP. Amounts are integer minor units. */

export const PlaceOrder = z.strictObject({
  lines: z
    .array(z.strictObject({ sku: Sku, quantity: Quantity }))
    .min(1)
    .max(50),
  paymentMethod: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, { error: 'must be a payment method of the card processor, such as pm_card_visa' }),
  contact: z.strictObject({ email: z.email().max(254) }),
  expectedTotal: MinorUnits.optional(),
})

const Status = z.enum(['placed', 'reserved', 'confirmed', 'cancelled'])

export const OrderView = z.object({
  id: z.uuid(),
  status: Status,
  reason: z.string().optional(),
  currency: Currency,
  total: MinorUnits,
  lines: z.array(z.object({ sku: Sku, quantity: Quantity, unitPrice: MinorUnits })).readonly(),
  placedAt: Timestamp,
  deadline: Timestamp,
  endedAt: Timestamp.optional(),
})

export const Placed = OrderView.extend({ status: z.literal('placed') })

export const Cancelled = z.object({ id: z.uuid(), status: z.literal('cancelled') })

export const OrderPage = z.object({
  orders: z.array(OrderView),
  /** The cursor of the next page; absent on the last. */
  next: z.string().optional(),
})

export const Timeline = z.object({
  orderId: z.uuid(),
  entries: z.array(
    z.object({
      at: Timestamp,
      type: z.string(),
      reason: z.string().optional(),
      amount: MinorUnits.optional(),
      kind: z.string().optional(),
    }),
  ),
})

/** An order as its customer sees it. */
export function viewOf(order: KnownOrder): z.input<typeof OrderView> {
  const { orderId: id, status, currency, total, lines, placedAt, deadline } = order
  return {
    id,
    status,
    ...(order.status === 'cancelled' && { reason: order.reason }),
    currency,
    total,
    lines,
    placedAt: iso(placedAt),
    deadline: iso(deadline),
    ...('endedAt' in order && { endedAt: iso(order.endedAt) }),
  }
}

/** An order as it was when it was placed, whatever became of it since. */
export function placedView(order: KnownOrder): z.input<typeof Placed> {
  const { reason: _reason, endedAt: _endedAt, ...view } = viewOf(order)
  return { ...view, status: 'placed' }
}

const iso = (at: number): string => new Date(at).toISOString()
