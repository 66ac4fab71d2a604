import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

export type Row = Record<string, null | number | bigint | string | Uint8Array>

const schema = `
  CREATE TABLE IF NOT EXISTS account (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), lsn INTEGER NOT NULL, incarnation TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS databases (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, lsn INTEGER NOT NULL, ts INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS containers (n INTEGER PRIMARY KEY, database INTEGER NOT NULL REFERENCES databases (n), id TEXT NOT NULL,
    lsn INTEGER NOT NULL, ts INTEGER NOT NULL, definition TEXT NOT NULL, UNIQUE (database, id));
`

/** The SQLite database beneath, and the account's log sequence number: every write takes the next one. */
export class Storage {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  /** For iterations that are not going on. */
  readonly #idle = new Map<string, StatementSync>()
  readonly #statementsAtMost = 256
  #lsn: number
  #savedLsn: number
  /** Tells an account from another that was in the same place before, so that old etags never match. */
  readonly incarnation: string

  /** `folder` undefined keeps all in memory. Throws when the folder is in use by another process. */
  constructor(folder: string | undefined, newId: () => string) {
    if (folder !== undefined) mkdirSync(folder, { recursive: true })
    this.#database = new DatabaseSync(folder === undefined ? ':memory:' : join(folder, 'cosmos.db'))
    try {
      // Exclusive: nobody else looks into the file, so WAL needs no shared memory.
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      // 64 MB of pages in memory, and 32 MB of log before it is written back: pages that change often are written back once.
      this.#database.exec('PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8000')
      this.#database.exec(schema)
      this.run('INSERT OR IGNORE INTO account VALUES (1, 0, ?)', newId().slice(0, 8))
    } catch (error) {
      this.#database.close()
      if (/database is locked/.test((error as Error).message))
        throw new Error(`the data folder ${folder} is in use by another process`)
      throw error
    }
    const account = this.get('SELECT lsn, incarnation FROM account') as { lsn: number; incarnation: string }
    this.#lsn = account.lsn
    this.#savedLsn = account.lsn
    this.incarnation = account.incarnation
  }

  get lsn(): number {
    return this.#lsn
  }

  nextLsn(): number {
    this.#lsn += 1
    return this.#lsn
  }

  etag(lsn: number): string {
    return `"${this.incarnation}-0000-0000-0000-${lsn.toString(16).padStart(12, '0')}"`
  }

  /** Runs the work in one commit; when it throws, nothing of it is done. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      if (this.#lsn !== this.#savedLsn) this.run('UPDATE account SET lsn = ?', this.#lsn)
      this.#database.exec('COMMIT')
      this.#savedLsn = this.#lsn
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#lsn = this.#savedLsn
      throw error
    }
  }

  /** Inside a transaction: work that is undone alone when it throws. */
  nested<T>(work: () => T): T {
    this.#database.exec('SAVEPOINT nested')
    try {
      return work()
    } catch (error) {
      this.#database.exec('ROLLBACK TO nested')
      throw error
    } finally {
      this.#database.exec('RELEASE nested')
    }
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes)
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[]
  }

  /** Rows as they are asked for. A statement is lent to one iteration at a time: two would disturb each other. */
  *iterate(sql: string, ...values: SQLInputValue[]): Generator<Row, void> {
    const statement = this.#idle.get(sql) ?? this.#database.prepare(sql)
    this.#idle.delete(sql)
    try {
      yield* statement.iterate(...values) as Iterable<Row>
    } finally {
      if (this.#idle.size >= this.#statementsAtMost) this.#idle.clear()
      this.#idle.set(sql, statement)
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    if (this.#statements.size >= this.#statementsAtMost) this.#statements.clear()
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  close(): void {
    this.#statements.clear()
    this.#idle.clear()
    this.#database.close()
  }
}
