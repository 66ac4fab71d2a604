import { z } from 'zod'
import { Currency, MinorUnits, OrderId, Sku, Timestamp } from './values.ts'

/** What the inventory service says, on the topic `inventory`. */

/** `version` counts the changes of name and price; a reader takes only higher ones. */
const Listing = z.object({
  sku: Sku,
  version: z.int().positive(),
  name: z.string().min(1).max(200),
  price: MinorUnits,
  currency: Currency,
})
export const StockItemListed = Listing
export const StockPriceChanged = Listing

export const StockReserved = z.object({ orderId: OrderId, reservedAt: Timestamp })

export const StockRejectReason = z.enum(['out-of-stock', 'unknown-sku', 'expired'])
export const StockRejected = z.object({
  orderId: OrderId,
  reason: StockRejectReason,
  /** The first SKU that was missing, unless the order came too late. */
  sku: Sku.optional(),
  rejectedAt: Timestamp,
})
