import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { migrate } from '@flotilla/store-sqlite/migrations'

export type SqlService = 'order' | 'inventory' | 'payment'

/** What a database owes: messages not sent, work not done; deadlines of open orders are not counted. */
export interface Owes {
  readonly messages: number
  readonly work: number
  /** The first moment at which a message or work (deadlines included) can be claimed; undefined when there is none. */
  readonly nextMessageAt: number | undefined
  readonly nextWorkAt: number | undefined
  /** The first of both. */
  readonly nextAt: number | undefined
}

/** A service's database in memory. It is made once for a thread, and emptied between runs. */
export interface SimDatabase {
  readonly database: DatabaseSync
  /** Deletes all rows but those of the migrations. */
  reset(): void
  owes(): Owes
}

/**
 * One connection for all processes of a service, so that a statement is prepared once for all stores: every call is
 * synchronous, and a transaction ends in the call that began it. A statement's settings (`setReturnArrays`) are shared too:
 * whoever prepares the same SQL must want the same.
 */
class SharedDatabase extends DatabaseSync {
  readonly #prepared = new Map<string, StatementSync>()
  /** How often something was committed. */
  commits = 0

  override prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known) return known
    const prepared = super.prepare(sql)
    this.#prepared.set(sql, prepared)
    if (sql === 'COMMIT') this.#count(prepared)
    return prepared
  }

  #count(commit: StatementSync) {
    const run = commit.run.bind(commit)
    commit.run = () => {
      this.commits += 1
      return run()
    }
  }

  /** A process that ends closes its own connection, not what others have open. */
  override close(): void {}
}

const migrationsOf = (service: string) =>
  fileURLToPath(new URL(`../../services/${service}/migrations/sqlite`, import.meta.url))

export function openDatabase(service: SqlService): SimDatabase {
  const database = new SharedDatabase(':memory:')
  // As `openSqlite` has it, without what is about files and flushes.
  database.exec('PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY')
  migrate({ file: database, folders: { [service]: migrationsOf(service) } })
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migration'").all()
  // No table has an AUTOINCREMENT, so that rowids begin anew where no rows are.
  const deletions = tables.map(({ name }) => database.prepare(`DELETE FROM "${name}"`))
  return {
    database,
    reset() {
      if (database.isTransaction) database.exec('ROLLBACK')
      for (const deletion of deletions) deletion.run()
      database.commits += 1
    },
    owes: owesOf(database),
  }
}

/** Read anew after each commit only. */
function owesOf(database: SharedDatabase): () => Owes {
  const owed = database.prepare(`
    SELECT messages, leased, work, visible
    FROM (SELECT count(*) AS messages, min(lease_until) AS leased FROM outbox),
         (SELECT count(*) FILTER (WHERE kind <> 'deadline') AS work, min(max(due_at, visible_at)) AS visible FROM due_work)`)
  owed.setReturnArrays(true)
  let asOf = -1
  let known = owesUntil({ messages: 0, work: 0 }, undefined, undefined)
  return () => {
    if (asOf === database.commits) return known
    asOf = database.commits
    const [messages, leased, work, visible] = owed.get() as unknown as [number, number | null, number, number | null]
    known = owesUntil({ messages, work }, leased ?? undefined, visible ?? undefined)
    return known
  }
}

export function owesUntil(
  count: Pick<Owes, 'messages' | 'work'>,
  nextMessageAt: number | undefined,
  nextWorkAt: number | undefined,
): Owes {
  const nextAt = Math.min(nextMessageAt ?? Number.POSITIVE_INFINITY, nextWorkAt ?? Number.POSITIVE_INFINITY)
  return { ...count, nextMessageAt, nextWorkAt, nextAt: Number.isFinite(nextAt) ? nextAt : undefined }
}
