import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Unavailable } from '@flotilla/decider/store'
import { failing } from './failure.ts'

export interface SqliteOptions {
  /** A path, or `:memory:`. The folder must exist. */
  readonly file: string
  readonly readonly?: boolean
  /** How long a statement waits for another process's lock before it is `Unavailable`, in milliseconds: 5,000. */
  readonly busyTimeout?: number
}

/** Opens a database so that what is committed is on disk: WAL, and a flush with each commit. Throws `Unavailable`. */
export function openSqlite({ file, readonly = false, busyTimeout = 5_000 }: SqliteOptions): DatabaseSync {
  try {
    return failing(() => {
      const database = new DatabaseSync(file, { readOnly: readonly, timeout: busyTimeout })
      try {
        if (!readonly) database.exec('PRAGMA journal_mode = WAL')
        database.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; PRAGMA foreign_keys = ON')
        // In memory, and 16 MB of it.
        database.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000')
        return database
      } catch (error) {
        database.close()
        throw error
      }
    })
  } catch (error) {
    if (error instanceof Unavailable) throw new Unavailable(`${file}: ${error.message}`, { cause: error.cause })
    throw error
  }
}

/** A read that is prepared once. */
export interface Query<Row> {
  all(parameters?: Parameters): Row[]
  get(parameters?: Parameters): Row | undefined
}

/** By the name in the statement, without its colon. */
export type Parameters = Readonly<Record<string, SQLInputValue>>

/**
 * Prepares a read for a service's lists and views; what its columns hold is the caller's word. Throws `Unavailable` when
 * the database is at fault.
 */
export function query<Row>(database: DatabaseSync, sql: string): Query<Row> {
  const statement = failing(() => database.prepare(sql))
  return {
    all: (parameters = {}) => failing(() => statement.all(parameters) as Row[]),
    get: (parameters = {}) => failing(() => statement.get(parameters) as Row | undefined),
  }
}
