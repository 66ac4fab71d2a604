import type { Query } from './documents.ts'
import type { Exchange } from './exchange.ts'

/** Documents with messages that may be claimed, those waiting longest first. */
export const claimableOutbox = (now: number, limit: number): Query => ({
  where: { property: 'nextOutboxAt', atMost: now },
  orderBy: 'oldestOutboxAt',
  limit,
})

/** Documents with work that may be claimed, longest due first. */
export const claimableWork = (now: number, limit: number): Query => ({
  where: { property: 'nextWorkAt', atMost: now },
  orderBy: 'oldestDueAt',
  limit,
})

export const oldestOutbox: Query = { where: { property: 'oldestOutboxAt' }, orderBy: 'oldestOutboxAt', limit: 1 }

export const oldestWork: Query = { where: { property: 'oldestDueAt' }, orderBy: 'oldestDueAt', limit: 1 }

const idsAtOnce = 50

/**
 * The documents in which messages or work with these ids are. Only for ids that this process has not in hand: it looks
 * into every document that owes something.
 */
export async function searchHomes(exchange: Exchange, list: 'outbox' | 'work', ids: readonly string[]) {
  const homes = new Map<string, string>()
  const property = list === 'outbox' ? 'nextOutboxAt' : 'nextWorkAt'
  for (let from = 0; from < ids.length; from += idsAtOnce) {
    const holding = { list, ids: ids.slice(from, from + idsAtOnce) }
    for (const body of await exchange.query({ where: { property }, holding }, `find ${list}`)) {
      const items = body[list] as unknown as readonly { readonly id: string }[]
      for (const { id } of items) homes.set(id, body.id as string)
    }
  }
  return homes
}
