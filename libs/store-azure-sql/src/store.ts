import type { Clock } from '@flotilla/decider/clock'
import { type Store, Unavailable } from '@flotilla/decider/store'
import type { Table } from '@flotilla/decider/table'
import type { Database } from './database.ts'
import { backlog, claimOutbox, claimWork, dueWork, outboxRows, pruning } from './leases.ts'
import { createForgotten, createPostponed } from './pending.ts'
import { createTables } from './tables.ts'
import { createTransacting } from './transacting.ts'

export interface AzureSqlStoreOptions<Row> {
  /** Migrated; `close` closes it. */
  readonly database: Database
  readonly tables: readonly Table<Row>[]
  readonly clock: Clock
  /** How long forgotten outbox rows wait for a save to join, in milliseconds: 50. */
  readonly idle?: number
}

/** Counted since the store was made. */
export interface AzureSqlStats {
  /** Requests sent, by whomever: reads too. */
  readonly roundTrips: number
  /** Saves that wrote something. */
  readonly commits: number
  /** Changes saved and changes found stale. */
  readonly saved: number
  readonly stale: number
  /** Outbox rows deleted. */
  readonly forgotten: number
}

export interface AzureSqlStore<Row> extends Store<Row> {
  stats(): AzureSqlStats
}

const idleDefault = 50
/**
 * A service's database on Azure SQL, which all replicas share: one round trip loads a batch, one saves it. What has changed between
 * the two is decided again on a new load. So is a save whose answer was lost: if it was done, its causes are known then. Rows of
 * contended tables are locked from the load to the commit, in a transaction.
 */
export function createAzureSqlStore<Row>(options: AzureSqlStoreOptions<Row>): AzureSqlStore<Row> {
  const { database, clock } = options
  const forgotten = createForgotten(database, clock, options.idle ?? idleDefault)
  const postponed = createPostponed(database, clock)
  const { transact, counted } = createTransacting({ database, tables: createTables(options.tables), forgotten })
  let isClosed = false

  /** Whoever uses a closed store finds a closed database. */
  const run = async (statement: Parameters<Database['run']>[0]) => (await database.run(statement))[0] ?? []

  return {
    pace: 'flight',
    transact,
    async forget(ids) {
      if (isClosed) throw new Unavailable('SQL Server: the database is closed')
      forgotten.add(ids)
    },
    async claimOutbox(now, leaseUntil, limit) {
      // What the broker has must not be claimed again.
      await forgotten.flush()
      return outboxRows(await run(claimOutbox(now, leaseUntil, limit)))
    },
    claimWork: async (now, leaseUntil, limit) => dueWork(await run(claimWork(now, leaseUntil, limit))),
    postpone: (held, visibleAt, attempts) => postponed.add({ held, visibleAt, attempts }),
    async prune(now, limit) {
      const deleted = await database.run(pruning(now, limit))
      return deleted.some(([row]) => row?.deleted === limit)
    },
    async backlog() {
      const [oldest] = await run(backlog)
      const { outbox, work } = oldest as { outbox: number | null; work: number | null }
      return { oldestOutboxAt: outbox ?? undefined, oldestDueAt: work ?? undefined }
    },
    async close() {
      if (isClosed) return
      isClosed = true
      forgotten.stop()
      try {
        await postponed.flush()
        await forgotten.flush()
      } catch (error) {
        // What is still there is sent once more when its lease has run out, and then it is a duplicate.
        if (!(error instanceof Unavailable)) throw error
      } finally {
        await database.close()
      }
    },
    stats: () => ({ roundTrips: database.roundTrips(), ...counted(), forgotten: forgotten.count() }),
  }
}
