import { fileURLToPath } from 'node:url'
import {
  type Applied,
  type Comparing,
  compare,
  failed,
  type Migration,
  MigrationRefused,
  type MigrationSet,
  nameOf,
  readSets,
} from '@flotilla/decider/migration-set'
import { Unavailable } from '@flotilla/decider/store'
import type { Connection, Database } from './database.ts'
import { Interrupted } from './failure.ts'
import { Undone } from './faults.ts'
import { notOneBatch } from './tsql.ts'

export interface MigrateOptions extends Comparing {
  readonly database: Database
  /** Folder of each set of migrations, by the set's name; the technical tables (`store`) come first by themselves. */
  readonly folders?: Readonly<Record<string, string>>
  /** Told each migration as soon as it is kept. */
  readonly onApplied?: (name: string) => void
  /** How long another runner is waited for, in milliseconds; default 2 minutes. */
  readonly lockTimeout?: number
}

/** The folder of the set `store`. */
export const technicalTables = fileURLToPath(new URL('../migrations', import.meta.url))

const minute = 60_000
/** How long another runner is waited for. With a statement it fits into the time that a job has: deploy/helm. */
export const lockTimeoutByDefault = 2 * minute
/** A table that takes longer to fill in is filled in by several migrations, or by the service. */
export const statementTimeout = 5 * minute

const lockSql = (timeout: number): string => `DECLARE @granted int;
EXEC @granted = sp_getapplock @Resource = N'flotilla-migrate', @LockMode = N'Exclusive', @LockOwner = N'Transaction',
  @LockTimeout = ${Math.trunc(timeout)};
SELECT @granted AS granted`

const holdersSql = `SELECT s.session_id, s.host_name, s.program_name, s.login_name
FROM sys.dm_tran_locks AS l JOIN sys.dm_exec_sessions AS s ON s.session_id = l.request_session_id
WHERE l.resource_type = N'APPLICATION' AND l.request_status = N'GRANT' AND l.resource_database_id = DB_ID()
  AND l.resource_description LIKE N'%flotilla-migrate%'`

/** Names in migrations, and in the statements of a store, have no schema: they are `dbo`'s. */
const schemaSql = 'SELECT SCHEMA_NAME() AS [schema]'

const ledgerSql = `IF OBJECT_ID(N'dbo.migration', N'U') IS NULL
CREATE TABLE dbo.migration (
  [set]        nvarchar(100) NOT NULL,
  [number]     int           NOT NULL,
  [file]       nvarchar(200) NOT NULL,
  [checksum]   nvarchar(64)  NOT NULL,
  [applied_at] bigint        NOT NULL,
  CONSTRAINT migration_number PRIMARY KEY CLUSTERED ([set], [number])
)`

const ledgerOf = 'SELECT [number], [file], [checksum] FROM dbo.migration WHERE [set] = @set ORDER BY [number]'

const keepSql = `INSERT INTO dbo.migration ([set], [number], [file], [checksum], [applied_at])
VALUES (@set, @number, @file, @checksum, @at)`

/**
 * Applies what is missing of each set, forward only, each file in one transaction under one lock of the database: of several
 * runners one applies, and the others wait and find it done. Returns what it applied. Throws `MigrationRefused` before anything
 * is applied when an applied file was changed or is gone, when the numbers of a set are not 001, 002, 003 and so on, or when
 * a file is not one batch; and when the database refuses a file, of which nothing is kept. `Unavailable` when the database
 * is away, or another runner holds the lock for too long.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { folders = {}, onApplied } = options
  const sets = readSets({ store: technicalTables, ...folders })
  for (const { files } of sets) files.forEach(refuseBatches)
  await locked(options, async (connection) => {
    await refuseOtherSchemas(connection)
    await connection.run({ name: 'make the ledger of migrations', sql: ledgerSql })
    for (const set of sets) await verified(connection, set, options)
  })
  const done: string[] = []
  for (const set of sets) {
    for (const migration of set.files) {
      if (!(await apply(options, set, migration))) continue
      done.push(nameOf(migration))
      onApplied?.(nameOf(migration))
    }
  }
  return done
}

async function refuseOtherSchemas(connection: Connection) {
  const [[row] = []] = await connection.run({ name: 'see the default schema', sql: schemaSql })
  if (row?.schema === 'dbo') return
  const mend = 'give it dbo: ALTER USER … WITH DEFAULT_SCHEMA = dbo'
  throw new MigrationRefused(`the default schema of whoever migrates is ${row?.schema ?? 'none'}: ${mend}`)
}

function refuseBatches(migration: Migration) {
  const wrong = notOneBatch(migration.sql)
  if (wrong !== undefined) throw new MigrationRefused(`migration ${nameOf(migration)} ${wrong.what}: ${wrong.mend}`)
}

/** What was applied of a set, which fits its files. */
async function verified(connection: Connection, set: MigrationSet, comparing: Comparing): Promise<Applied[]> {
  const [rows = []] = await connection.run({ name: 'read the ledger', sql: ledgerOf, values: { set: set.set } })
  const ledger = rows.map(({ number, file, checksum }) => ({
    number: Number(number),
    file: String(file),
    checksum: String(checksum),
  }))
  compare(set, ledger, comparing)
  return ledger
}

/** False when it is applied already: another runner may have been here since. */
async function apply(options: MigrateOptions, of: MigrationSet, migration: Migration): Promise<boolean> {
  const { set, number, file, sql, checksum } = migration
  try {
    return await locked(options, async (connection) => {
      const ledger = await verified(connection, of, options)
      if (ledger.some((applied) => applied.number === number)) return false
      await connection.run({
        name: `migrate ${nameOf(migration)}`,
        sql,
        timeout: statementTimeout,
        isRepeatable: false,
      })
      const values = { set, number, file, checksum, at: Date.now() }
      await connection.run({ name: 'keep the migration', sql: keepSql, values, isRepeatable: false })
      return true
    })
  } catch (error) {
    throw failureOf(migration, error)
  }
}

function failureOf(migration: Migration, error: unknown): unknown {
  if (error instanceof MigrationRefused) return error
  if (!(error instanceof Unavailable) || (error instanceof Undone && error.isUnprepared))
    return failed(migration, error)
  const name = nameOf(migration)
  if (!(error instanceof Interrupted))
    return new Unavailable(`migration ${name} was not applied: ${error.message}`, { cause: error })
  const message = `nobody knows whether migration ${name} was kept: ${error.message}. Run it again, nothing is applied twice`
  return new Interrupted(message, { cause: error })
}

/** Runs a body in a transaction that holds the lock of all runners, until its end. */
async function locked<Result>(
  { database, lockTimeout = lockTimeoutByDefault }: MigrateOptions,
  body: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  try {
    return await database.transaction(async (connection) => {
      const statement = { name: 'lock the migrations', sql: lockSql(lockTimeout), timeout: lockTimeout + minute }
      const [[answer] = []] = await connection.run(statement)
      // https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql
      if (Number(answer?.granted) >= 0) return body(connection)
      throw new NotGranted(Number(answer?.granted))
    })
  } catch (error) {
    if (!(error instanceof NotGranted)) throw error
    const seconds = lockTimeout / 1000
    const why = error.code === -1 ? `within ${seconds} s` : `(sp_getapplock answered ${error.code})`
    const message = `the lock of migrations was not granted ${why}: ${await holders(database)}`
    throw new Unavailable(message, { cause: error })
  }
}

class NotGranted extends Error {
  readonly code: number

  constructor(code: number) {
    super(`sp_getapplock answered ${code}`)
    this.code = code
  }
}

/** Who holds the lock, as far as it can be seen. */
async function holders(database: Database): Promise<string> {
  try {
    const [rows = []] = await database.run({ name: 'see who migrates', sql: holdersSql })
    if (rows.length === 0) return 'whoever held it is gone by now. Run it again'
    const sessions = rows.map(
      ({ session_id: id, host_name: host, program_name: program, login_name: login }) =>
        `session ${id} (${program} of ${login} on ${host})`,
    )
    return `${sessions.join(', ')} holds it. Wait for its end, or end it (KILL)`
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `who holds it could not be seen (${reason}). See sys.dm_tran_locks as an administrator`
  }
}
