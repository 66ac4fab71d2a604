import type { DatabaseSync } from 'node:sqlite'
import type { Plan } from '@flotilla/decider/plan'
import type { DueWork, HeldWork } from '@flotilla/decider/store'

/** The table of what must happen later or outside. */
export interface DueWorkTable {
  write(work: Plan<unknown>['work']): void
  claim(now: number, leaseUntil: number, limit: number): DueWork[]
  postpone(held: HeldWork, visibleAt: number, attempts: number): void
  oldestDueAt(): number | undefined
}

interface Stored {
  readonly id: string
  readonly kind: string
  readonly home: string
  readonly payload: string
  readonly due_at: number
  readonly visible_at: number
  readonly attempts: number
  readonly traceparent: string | null
}

export function createDueWork(database: DatabaseSync): DueWorkTable {
  // Work that is scheduled again under its old id is that work, at its new time.
  const upsert = database.prepare(
    `INSERT INTO due_work (id, kind, home, payload, due_at, visible_at, attempts, traceparent)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, home = excluded.home, payload = excluded.payload,
       due_at = excluded.due_at, visible_at = excluded.visible_at, attempts = excluded.attempts,
       traceparent = excluded.traceparent`,
  )
  const remove = database.prepare('DELETE FROM due_work WHERE id = ?')
  const claim = database.prepare(
    `UPDATE due_work SET visible_at = :leaseUntil, attempts = attempts + 1
     WHERE id IN (SELECT id FROM due_work WHERE due_at <= :now AND visible_at <= :now ORDER BY due_at LIMIT :limit)
     RETURNING *`,
  )
  const postpone = database.prepare(
    'UPDATE due_work SET visible_at = :visibleAt, attempts = :attempts WHERE id = :id AND visible_at = :heldUntil',
  )
  const oldest = database.prepare('SELECT due_at FROM due_work ORDER BY due_at LIMIT 1')

  return {
    write(work) {
      for (const [id, due] of work) {
        if (!due) remove.run(id)
        else {
          const { kind, home, payload, dueAt, visibleAt, attempts, traceparent } = due
          const json = JSON.stringify(payload ?? null)
          upsert.run(id, kind, home, json, dueAt, visibleAt, attempts, traceparent ?? null)
        }
      }
    },
    claim(now, leaseUntil, limit) {
      const claimed = claim.all({ now, leaseUntil, limit }) as unknown as Stored[]
      return claimed.sort((one, other) => one.due_at - other.due_at).map(restore)
    },
    postpone({ id, visibleAt: heldUntil }, visibleAt, attempts) {
      postpone.run({ id, heldUntil, visibleAt, attempts })
    },
    oldestDueAt: () => (oldest.get() as Pick<Stored, 'due_at'> | undefined)?.due_at,
  }
}

const restore = (stored: Stored): DueWork => ({
  id: stored.id,
  kind: stored.kind,
  home: stored.home,
  payload: JSON.parse(stored.payload),
  dueAt: stored.due_at,
  visibleAt: stored.visible_at,
  attempts: stored.attempts,
  traceparent: stored.traceparent ?? undefined,
})
