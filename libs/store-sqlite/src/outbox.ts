import type { DatabaseSync } from 'node:sqlite'
import type { Plan } from '@flotilla/decider/plan'
import type { OutboxRow } from '@flotilla/decider/store'

/** The table of messages that the broker does not have yet. */
export interface Outbox {
  write(rows: Plan<unknown>['outbox']): void
  delete(ids: Iterable<string>): void
  claim(now: number, leaseUntil: number, limit: number): OutboxRow[]
  oldestAt(): number | undefined
}

interface Stored {
  readonly id: string
  readonly topic: string
  readonly type: string
  readonly correlation_id: string
  readonly body: string
  readonly properties: string | null
  readonly traceparent: string | null
  readonly at: number
  readonly lease_until: number
}

export function createOutbox(database: DatabaseSync): Outbox {
  const insert = database.prepare(
    `INSERT INTO outbox (id, topic, type, correlation_id, body, properties, traceparent, at, lease_until)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const remove = database.prepare('DELETE FROM outbox WHERE id = ?')
  const claim = database.prepare(
    `UPDATE outbox SET lease_until = :leaseUntil
     WHERE id IN (SELECT id FROM outbox WHERE lease_until <= :now ORDER BY at LIMIT :limit)
     RETURNING *`,
  )
  const oldest = database.prepare('SELECT at FROM outbox ORDER BY at LIMIT 1')

  return {
    write(rows) {
      for (const { row, at } of rows) {
        const { id, topic, type, correlationId, body, properties, traceparent, leaseUntil } = row
        const filters = properties ? JSON.stringify(properties) : null
        insert.run(id, topic, type, correlationId, body, filters, traceparent ?? null, at, leaseUntil)
      }
    },
    delete(ids) {
      for (const id of ids) remove.run(id)
    },
    claim(now, leaseUntil, limit) {
      const claimed = claim.all({ now, leaseUntil, limit }) as unknown as Stored[]
      return claimed.sort((one, other) => one.at - other.at).map(restore)
    },
    oldestAt: () => (oldest.get() as Pick<Stored, 'at'> | undefined)?.at,
  }
}

const restore = (stored: Stored): OutboxRow => ({
  id: stored.id,
  topic: stored.topic,
  type: stored.type,
  correlationId: stored.correlation_id,
  body: stored.body,
  properties: stored.properties === null ? undefined : JSON.parse(stored.properties),
  traceparent: stored.traceparent ?? undefined,
  leaseUntil: stored.lease_until,
})
