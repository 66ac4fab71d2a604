import type { DatabaseSync } from 'node:sqlite'
import type { Plan } from '@flotilla/decider/plan'
import { type Cause, causeKey, type KnownCause } from '@flotilla/decider/store'

const day = 86_400_000
/** Messages live 14 days and their marks 7 days longer, with a day to spare. */
const inboxKept = 22 * day
const idempotencyKeyKept = day

/** The inbox of messages, the idempotency keys of requests; work is known by its absence. */
export interface Causes {
  find(cause: Cause): KnownCause | undefined
  known(causes: readonly Cause[]): Map<string, KnownCause>
  write(causes: Plan<unknown>['causes']): void
  /** Deletes at most `limit` of each; true if more may be left. */
  prune(now: number, limit: number): { readonly deleted: number; readonly more: boolean }
}

export function createCauses(database: DatabaseSync): Causes {
  const message = database.prepare('SELECT home FROM inbox WHERE id = ?')
  const request = database.prepare('SELECT home, fingerprint FROM idempotency_key WHERE id = ?')
  const work = database.prepare('SELECT 1 FROM due_work WHERE id = ?')
  const insertMessage = database.prepare('INSERT INTO inbox (id, home, at) VALUES (?, ?, ?)')
  const insertRequest = database.prepare('INSERT INTO idempotency_key (id, home, fingerprint, at) VALUES (?, ?, ?, ?)')
  for (const read of [message, request, work]) read.setReturnArrays(true)

  // The first rows are the oldest; `at` alone would need an index that every insert pays for.
  const pruning = (table: string) =>
    database.prepare(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ORDER BY rowid LIMIT :limit) AND at < :before`,
    )
  const pruneInbox = pruning('inbox')
  const pruneKeys = pruning('idempotency_key')

  function find({ kind, id }: Cause): KnownCause | undefined {
    if (kind === 'work') return work.get(id) ? undefined : { home: '' }
    const found = (kind === 'message' ? message : request).get(id) as unknown as [string, string | null] | undefined
    if (!found) return undefined
    return found[1] ? { home: found[0], fingerprint: found[1] } : { home: found[0] }
  }

  return {
    find,
    known(causes) {
      const known = new Map<string, KnownCause>()
      for (const cause of causes) {
        const before = find(cause)
        if (before) known.set(causeKey(cause), before)
      }
      return known
    },
    write(causes) {
      for (const { cause, home, at } of causes) {
        if (cause.kind === 'message') insertMessage.run(cause.id, home, at)
        else insertRequest.run(cause.id, home, cause.fingerprint ?? null, at)
      }
    },
    prune(now, limit) {
      const messages = Number(pruneInbox.run({ limit, before: now - inboxKept }).changes)
      const keys = Number(pruneKeys.run({ limit, before: now - idempotencyKeyKept }).changes)
      return { deleted: messages + keys, more: messages === limit || keys === limit }
    },
  }
}
