import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@flotilla/decider/clock'
import type { Database } from '@flotilla/store-azure-sql/database'
import type { Logger } from '@flotilla/telemetry/log'
import { azureCredential } from './credential.ts'
import type { DatabaseSettings } from './database-setting.ts'
import { type Dependency, dependency } from './dependency.ts'

/** How a service keeps its rows in either kind of database. */
export interface Keeping<Kept> {
  readonly sqlite: (database: DatabaseSync, clock: Clock) => Kept
  readonly azureSql: (database: Database, clock: Clock) => Kept
}

/** One request, with the wait for a connection and its login, in milliseconds. */
const timeout = 15_000

/** Opens the database that the configuration names, and loads only what speaks to that one. What was made of it closes it. */
export async function openSqlDatabase<Kept>(
  { DATABASE_FILE: file, DATABASE_CONNECTION_STRING: connectionString = '' }: DatabaseSettings,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  keeping: Keeping<Kept>,
): Promise<{ readonly database: Kept; readonly dependencies: readonly Dependency[] }> {
  if (file !== undefined) {
    const { openSqlite } = await import('@flotilla/store-sqlite/database')
    return { database: keeping.sqlite(openSqlite({ file }), clock), dependencies: [] }
  }
  const { openDatabase } = await import('@flotilla/store-azure-sql/connect')
  const azureSql = dependency({ name: 'azure-sql', timeoutMs: timeout, logger })
  const database = await openDatabase({
    connectionString,
    credential: azureCredential,
    clock,
    guard: (run) => azureSql.call(run, { once: true }),
  })
  return { database: keeping.azureSql(database, clock), dependencies: [azureSql] }
}
