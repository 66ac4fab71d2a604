import { randomBytes } from 'node:crypto'
import { withDatabase } from '../src/connection-string.ts'
import { createDatabase, dropDatabase } from '../src/local-server.ts'

/** A connection string without a database: tests that need a SQL Server run against it, and are skipped without. */
export const sqlServer = process.env.FLOTILLA_SQLSERVER

export interface TestDatabase {
  readonly connectionString: string
  readonly name: string
  drop(): Promise<void>
}

/** A new database of its own on `FLOTILLA_SQLSERVER`. */
export async function testDatabase(): Promise<TestDatabase> {
  if (!sqlServer)
    throw new Error('Set FLOTILLA_SQLSERVER to the connection string of a local server, without a database.')
  const server = sqlServer
  const name = `flotilla_test_${randomBytes(6).toString('hex')}`
  await createDatabase({ server, name })
  return { connectionString: withDatabase(server, name), name, drop: () => dropDatabase({ server, name }) }
}
