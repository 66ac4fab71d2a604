import type { DueWork, HeldWork, OutboxRow } from '@flotilla/decider/store'
import type { Found, Statement } from './database.ts'
import { layoutOf, Rows } from './rows.ts'

/** Short statements, each its own transaction, that let replicas work side by side: what one has locked, others pass by. */

/** Past locked rows, also where readers see versions (READ_COMMITTED_SNAPSHOT). */
const passing = 'WITH (UPDLOCK, READPAST, READCOMMITTEDLOCK)'

export const claimOutbox = (now: number, leaseUntil: number, limit: number): Statement => ({
  name: 'claim outbox',
  sql: `WITH oldest AS (
  SELECT TOP (@limit) [id] FROM outbox ${passing} WHERE [lease_until] <= @now ORDER BY [at]
)
UPDATE o SET [lease_until] = @leaseUntil
OUTPUT inserted.[id], inserted.[topic], inserted.[type], inserted.[correlation_id], inserted.[body], inserted.[properties],
  inserted.[traceparent], inserted.[at], inserted.[lease_until]
FROM oldest INNER LOOP JOIN outbox AS o ON o.[id] = oldest.[id]
WHERE o.[lease_until] <= @now;`,
  values: { now, leaseUntil, limit },
})

export const outboxRows = (found: readonly Found[]): OutboxRow[] =>
  (found as readonly (Found & { at: number })[])
    .toSorted((one, other) => one.at - other.at)
    .map((row) => ({
      id: row.id as string,
      topic: row.topic as string,
      type: row.type as string,
      correlationId: row.correlation_id as string,
      body: row.body as string,
      properties: row.properties === null ? undefined : JSON.parse(row.properties as string),
      traceparent: (row.traceparent as string | null) ?? undefined,
      leaseUntil: row.lease_until as number,
    }))

export const claimWork = (now: number, leaseUntil: number, limit: number): Statement => ({
  name: 'claim work',
  sql: `WITH oldest AS (
  SELECT TOP (@limit) [id] FROM due_work ${passing} WHERE [due_at] <= @now AND [visible_at] <= @now ORDER BY [due_at]
)
UPDATE w SET [visible_at] = @leaseUntil, [attempts] = w.[attempts] + 1
OUTPUT inserted.[id], inserted.[kind], inserted.[home], inserted.[payload], inserted.[due_at], inserted.[visible_at],
  inserted.[attempts], inserted.[traceparent]
FROM oldest INNER LOOP JOIN due_work AS w ON w.[id] = oldest.[id]
WHERE w.[due_at] <= @now AND w.[visible_at] <= @now;`,
  values: { now, leaseUntil, limit },
})

export const dueWork = (found: readonly Found[]): DueWork[] =>
  (found as readonly (Found & { due_at: number })[])
    .toSorted((one, other) => one.due_at - other.due_at)
    .map((row) => ({
      id: row.id as string,
      kind: row.kind as string,
      home: row.home as string,
      payload: JSON.parse(row.payload as string),
      dueAt: row.due_at,
      visibleAt: row.visible_at as number,
      attempts: row.attempts as number,
      traceparent: (row.traceparent as string | null) ?? undefined,
    }))

export interface Postponement {
  readonly held: HeldWork
  readonly visibleAt: number
  readonly attempts: number
}

const postponed = layoutOf({ id: 'k', held_until: 'n', visible_at: 'n', attempts: 'n' })

export function postponing(all: readonly Postponement[]): Statement {
  const rows = new Rows()
  for (const { held, visibleAt, attempts } of all.toSorted((one, other) => (one.held.id < other.held.id ? -1 : 1)))
    rows.add('postponed', postponed.cells({ id: held.id, held_until: held.visibleAt, visible_at: visibleAt, attempts }))
  return {
    name: 'postpone work',
    sql: `UPDATE w SET [visible_at] = p.[visible_at], [attempts] = p.[attempts]
FROM ${postponed.from('postponed')} AS p INNER LOOP JOIN due_work AS w ON w.[id] = p.[id]
WHERE w.[visible_at] = p.[held_until];`,
    values: { rows },
    batchSize: all.length,
  }
}

const day = 86_400_000
/** Messages live 14 days and their marks 7 days longer, with a day to spare. */
const inboxKept = 22 * day
const idempotencyKeyKept = day

const pruned = (table: string, before: string) => `WITH oldest AS (
  SELECT TOP (@limit) [id] FROM ${table} ${passing} WHERE [at] < @${before} ORDER BY [at], [id]
)
DELETE c FROM oldest INNER LOOP JOIN ${table} AS c ON c.[id] = oldest.[id];
SELECT @@ROWCOUNT AS [deleted];`

/** Gives how many went, of each. */
export const pruning = (now: number, limit: number): Statement => ({
  name: 'prune',
  sql: `${pruned('inbox', 'messages')}\n${pruned('idempotency_key', 'requests')}`,
  values: { limit, messages: now - inboxKept, requests: now - idempotencyKeyKept },
})

export const backlog: Statement = {
  name: 'backlog',
  sql: `SELECT (SELECT TOP (1) [at] FROM outbox ORDER BY [at]) AS [outbox], (SELECT TOP (1) [due_at] FROM due_work ORDER BY [due_at]) AS [work];`,
}
