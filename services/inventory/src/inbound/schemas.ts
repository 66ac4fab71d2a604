import { Currency, MinorUnits, Sku, Timestamp } from '@flotilla/contracts/values'
import { z } from 'zod'
import type { Item } from '../domain/stock.ts'

/** What inventory takes and answers over HTTP. Amounts are integer minor units. */

export const ListItem = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(200)
    .regex(/^(?!\s)[^\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\uFFFD]*(?<!\s)$/u, {
      error:
        'must be text without control characters, noncharacters, bytes that are no UTF-8, and blanks at either end',
    }),
  price: MinorUnits.min(1, { error: 'must be at least 1' }),
  currency: Currency,
})

const ReceivedQuantity = z
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be at least 1' })
  .max(1_000_000, { error: 'must be at most 1000000' })

export const ReceiveStock = z.strictObject({ quantity: ReceivedQuantity })

export const ItemView = z.object({
  sku: Sku,
  name: z.string(),
  price: MinorUnits,
  currency: Currency,
  available: z.int().nonnegative(),
})

export const Listed = ItemView.extend({ version: z.int().positive() })

export const ReceiptView = z.object({
  id: z.uuid(),
  sku: Sku,
  quantity: ReceivedQuantity,
  receivedAt: Timestamp,
})

export const StockPage = z.object({
  items: z.array(ItemView),
  /** The cursor of the next page; absent on the last. */
  next: z.string().optional(),
})

export const Announced = z.object({ announced: z.int().nonnegative() })

export const viewOf = ({ sku, name, price, currency, available }: Item): z.input<typeof ItemView> => ({
  sku,
  name,
  price,
  currency,
  available,
})
