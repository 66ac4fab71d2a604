import { systemClock } from '@flotilla/decider/clock'
import { azureCredential } from '@flotilla/host/credential'
import type { MigrateCommand } from './command.ts'

/** Of what is not a migration itself, in milliseconds: after a long one, to commit it or to roll it back may take a while. */
const requestTimeout = 60_000

/**
 * Migrates the database that the environment names; only that one's driver is loaded. Returns what was applied, and tells each as
 * soon as it is kept.
 */
export async function run(command: MigrateCommand, onApplied: (name: string) => void): Promise<readonly string[]> {
  const { foldersOf, mayBeAhead, config } = command
  const { DATABASE_FILE: file, DATABASE_CONNECTION_STRING: connectionString = '' } = config
  if (file !== undefined) {
    const { migrate } = await import('@flotilla/store-sqlite/migrations')
    return migrate({ file, folders: foldersOf('sqlite'), mayBeAhead, onApplied })
  }
  const { openDatabase } = await import('@flotilla/store-azure-sql/connect')
  const { migrate } = await import('@flotilla/store-azure-sql/migrations')
  const database = await openDatabase({
    connectionString,
    credential: azureCredential,
    clock: systemClock,
    requestTimeout,
  })
  try {
    return await migrate({ database, folders: foldersOf('azure-sql'), mayBeAhead, onApplied })
  } finally {
    await database.close()
  }
}
