import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@flotilla/decider/clock'
import { type Held, isEmpty, planChanges } from '@flotilla/decider/plan'
import {
  type Change,
  causeKey,
  type Loaded,
  type Saved,
  type Store,
  Unavailable,
  type Wanted,
} from '@flotilla/decider/store'
import type { Table } from '@flotilla/decider/table'
import { createCauses } from './causes.ts'
import { createDueWork } from './due-work.ts'
import { failing } from './failure.ts'
import { createForgotten } from './forgotten.ts'
import { createHistory } from './history.ts'
import { createOutbox } from './outbox.ts'
import { createPostponed } from './postponed.ts'
import { createRows } from './rows.ts'
import { createTransactions } from './transactions.ts'

export interface SqliteStoreOptions<Row> {
  /** From `openSqlite`; `close` closes it. */
  readonly database: DatabaseSync
  readonly tables: readonly Table<Row>[]
  readonly clock: Clock
  /** How long forgotten outbox rows wait for a commit to join, in milliseconds: 50. */
  readonly idle?: number
}

/** Counted since the store was made. */
export interface SqliteStats {
  /** Transactions that wrote something; each flushes the write-ahead log once. */
  readonly commits: number
  /** Of these, the commits of nothing but forgotten outbox rows. */
  readonly idleCommits: number
  /** Changes saved and changes found stale. */
  readonly saved: number
  readonly stale: number
  /** Outbox rows deleted. */
  readonly forgotten: number
}

export interface SqliteStore<Row> extends Store<Row> {
  stats(): SqliteStats
}

type Decide<Row> = (loaded: Loaded<Row>) => readonly Change<Row>[]

const idleDefault = 50

/**
 * A service's database in one SQLite file, which several processes may share. A call is done when it returns, all but
 * `postpone`, which waits for the end of the turn; the promises only carry what came of it.
 * Throws when the technical tables or a row table are missing.
 */
export function createSqliteStore<Row>(options: SqliteStoreOptions<Row>): SqliteStore<Row> {
  const { database, clock } = options
  const { rows, causes, history, outbox, work, transactions } = failing(() => createParts(database, options.tables))
  const forgotten = createForgotten(outbox, transactions, clock, options.idle ?? idleDefault)
  const postponed = createPostponed(work, transactions, clock)
  const counted = { saved: 0, stale: 0 }

  function save(wanted: Wanted, decide: Decide<Row>): { saved: Saved[]; committed?: () => void } {
    const loaded: Loaded<Row> = { rows: rows.load(wanted.keys), known: causes.known(wanted.causes) }
    const plan = planChanges(decide(loaded), createHeld(wanted, loaded, rows.version, causes.find))
    if (isEmpty(plan)) return { saved: plan.saved }
    rows.write(plan.rows)
    causes.write(plan.causes)
    history.write(plan.history)
    outbox.write(plan.outbox)
    work.write(plan.work)
    return { saved: plan.saved, committed: forgotten.join() }
  }

  return {
    pace: 'turn',
    async transact(wanted, decide) {
      const { saved, committed } = transactions.run(() => {
        const result = save(wanted, decide)
        return { result, wrote: result.committed !== undefined }
      })
      committed?.()
      for (const each of saved) counted[each] += 1
      return saved
    },
    async forget(ids) {
      if (!database.isOpen) throw new Unavailable('SQLite: the database is closed')
      forgotten.add(ids)
    },
    async claimOutbox(now, leaseUntil, limit) {
      // What the broker has must not be claimed again.
      const { rows, committed } = transactions.run(() => {
        const committed = forgotten.size > 0 ? forgotten.join() : undefined
        const rows = outbox.claim(now, leaseUntil, limit)
        return { result: { rows, committed }, wrote: rows.length > 0 || committed !== undefined }
      })
      committed?.()
      return rows
    },
    claimWork: async (now, leaseUntil, limit) =>
      transactions.run(() => {
        const result = work.claim(now, leaseUntil, limit)
        return { result, wrote: result.length > 0 }
      }),
    postpone: postponed.add,
    prune: async (now, limit) =>
      transactions.run(() => {
        const { deleted, more } = causes.prune(now, limit)
        return { result: more, wrote: deleted > 0 }
      }),
    backlog: async () => failing(() => ({ oldestOutboxAt: outbox.oldestAt(), oldestDueAt: work.oldestDueAt() })),
    async close() {
      forgotten.stopWaiting()
      if (!database.isOpen) return
      postponed.flush()
      try {
        forgotten.flush()
      } finally {
        failing(() => database.close())
      }
    },
    stats: () => ({ commits: transactions.commits(), ...counted, ...forgotten.stats() }),
  }
}

function createParts<Row>(database: DatabaseSync, tables: readonly Table<Row>[]) {
  refuseUnmigrated(database, tables)
  return {
    rows: createRows(database, tables),
    causes: createCauses(database),
    history: createHistory(database),
    outbox: createOutbox(database),
    work: createDueWork(database),
    transactions: createTransactions(database),
  }
}

const technical = ['inbox', 'idempotency_key', 'history', 'outbox', 'due_work']

function refuseUnmigrated(database: DatabaseSync, tables: readonly { readonly name: string }[]) {
  const there = new Set(
    database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => name),
  )
  const missing = [...technical, ...tables.map(({ name }) => name)].filter((name) => !there.has(name))
  if (missing.length > 0) {
    const file = database.location() ?? 'the database in memory'
    throw new Error(`run the migrations first: ${file} has no table ${missing.join(', ')}`)
  }
}

/** What was loaded is what is held, because the lock is older; only what the batch did not ask for is looked up. */
function createHeld<Row>(
  wanted: Wanted,
  { rows, known }: Loaded<Row>,
  version: Held['version'],
  find: (cause: Change<Row>['cause']) => unknown,
): Held {
  const keys = new Set(wanted.keys)
  const causes = new Set(wanted.causes.map(causeKey))
  return {
    version: (key) => rows.get(key)?.version ?? (keys.has(key) ? 0 : version(key)),
    knows: (cause) => known.has(causeKey(cause)) || (!causes.has(causeKey(cause)) && find(cause) !== undefined),
  }
}
