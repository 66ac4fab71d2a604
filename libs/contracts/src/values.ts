import { z } from 'zod'

/** ISO 4217 codes that this runtime knows. */
const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))

export const Currency = z
  .string()
  .refine((code) => currencies.has(code), { error: 'must be an ISO 4217 currency code in capitals, such as EUR' })

/** Integer minor units (cents, for EUR). */
export const MinorUnits = z
  .int({ error: 'must be a whole number of minor units, such as 1250 for 12.50 EUR' })
  .nonnegative({ error: 'must not be negative' })

export const Sku = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error: 'must be 1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or digit',
})

export const Quantity = z
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be at least 1' })
  .max(1000, { error: 'must be at most 1000' })

export const OrderId = z.uuid({ error: 'must be the UUID of an order' })

/** RFC 3339 in UTC. */
export const Timestamp = z.iso.datetime()

/** Who an order belongs to: a stable key of the caller's issuer and subject, as `Caller.id` of libs/host. */
export const Customer = z.string().min(1).max(512)
