import { openDatabase } from './connect.ts'
import { readConnectionString, withDatabase } from './connection-string.ts'
import type { Database } from './database.ts'
import { Refused } from './failure.ts'

export interface LocalDatabase {
  /** A connection string without a database, of a login that may create one. */
  readonly server: string
  /** Small letters, digits and underscores, beginning with a letter. */
  readonly name: string
}

/** https://learn.microsoft.com/sql/relational-databases/errors-events/mssqlserver-3702-database-engine-error */
const inUse = 3702

/** Making a database takes its server seconds. */
const timeout = 60_000

/**
 * Creates a database on a local server if it is missing, and has it read as those of Azure SQL do by default: readers do not wait
 * for writers. In Azure databases are declared, not created.
 */
export async function createDatabase(local: LocalDatabase): Promise<void> {
  const { name } = local
  await onMaster(local, async (master) => {
    try {
      await statement(master, 'create database', `IF DB_ID(N'${name}') IS NULL CREATE DATABASE [${name}]`)
    } catch (error) {
      // Somebody else may have created it at the same moment.
      if (!(error instanceof Refused) || !(await isolationOf(master, name))) throw error
    }
    const isolation = await isolationOf(master, name)
    const alter = (option: string) => statement(master, 'alter database', `ALTER DATABASE [${name}] SET ${option}`)
    if (isolation?.committed === false) await alter('READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE')
    if (isolation?.snapshot === 0) await alter('ALLOW_SNAPSHOT_ISOLATION ON')
  })
}

/** Drops a database of a local server, and whoever is connected to it; fine if it is missing. */
export async function dropDatabase(local: LocalDatabase): Promise<void> {
  const { name } = local
  await onMaster(local, async (master) => {
    const drop = () => statement(master, 'drop database', `IF DB_ID(N'${name}') IS NOT NULL DROP DATABASE [${name}]`)
    try {
      await drop()
    } catch (error) {
      if (!(error instanceof Refused) || error.number !== inUse) throw error
      await statement(master, 'alter database', `ALTER DATABASE [${name}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE`)
      await drop()
    }
  })
}

/** Names of databases are no parameters in T-SQL, so this one is checked. */
async function onMaster({ server, name }: LocalDatabase, work: (master: Database) => Promise<void>) {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name))
    throw new Error(`A database is named by small letters, digits and underscores, at most 63; '${name}' is not.`)
  const connectionString = withDatabase(server, 'master')
  if (!readConnectionString(connectionString).login) throw new Error('Databases are created on local servers only.')
  const master = await openDatabase({ connectionString, poolSize: 1 })
  try {
    await work(master)
  } finally {
    await master.close()
  }
}

const statement = (master: Database, name: string, sql: string) => master.run({ name, sql, timeout })

/** How a database is read: whether READ COMMITTED reads snapshots, and the state of SNAPSHOT (0 is off). */
async function isolationOf(master: Database, name: string) {
  const sql = `SELECT CONVERT(bit, is_read_committed_snapshot_on) AS committed, CONVERT(int, snapshot_isolation_state) AS snapshot
    FROM sys.databases WHERE name = @name`
  const [rows] = await master.run({ name: 'load database', sql, values: { name } })
  return rows?.at(0) as { committed: boolean; snapshot: number } | undefined
}
