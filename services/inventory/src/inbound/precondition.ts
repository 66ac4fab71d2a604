import { Problem } from '@flotilla/host/problem'
import { z } from 'zod'
import type { Expected, Item } from '../domain/stock.ts'

/** Conditional requests on a listing (RFC 9110, section 13), so that nobody overwrites what they have not seen. */
export const Preconditions = z.object({
  'if-match': z
    .string()
    .regex(/^"[1-9]\d{0,8}(\.\d{1,10})?"$/, { error: 'must be the ETag of the item as you read it, such as "3.250"' })
    .optional(),
  'if-none-match': z.literal('*', { error: 'must be *, for an item that is not listed yet' }).optional(),
})

/**
 * Changes with what a reader is shown, the stock included. What comes before the dot counts the listing, and that is all a
 * PUT compares: stock that was sold since somebody read the price is no reason to refuse a new one.
 */
export const etagOf = ({ listing, available }: Pick<Item, 'listing' | 'available'>): string =>
  `"${listing}.${available}"`

/** Whether a reader has it already: any tag of a list, weakened by a proxy or not (RFC 9110, section 13.1.2). */
export const isFresh = (noneMatch: string | undefined, etag: string): boolean =>
  noneMatch?.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, ''))) ?? false

/** Throws 428 when neither or both are given. */
export function expectedOf(headers: z.output<typeof Preconditions>): Expected {
  const { 'if-match': match, 'if-none-match': none } = headers
  if (match !== undefined && none === undefined) return { listing: Number.parseInt(match.slice(1), 10) }
  if (none !== undefined && match === undefined) return { absent: true }
  const detail = 'send If-None-Match: * for a new item, or If-Match with the ETag of the item you read; not both'
  const errors = [{ header: 'if-match', detail }]
  throw new Problem('precondition-required', { status: 428, detail, errors })
}
