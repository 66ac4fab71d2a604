import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
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
import { openSqlite } from './database.ts'
import { failing } from './failure.ts'

export interface MigrateOptions extends Comparing {
  /** A path, made with its folders if it is missing; or an open database, for one in memory. */
  readonly file: string | DatabaseSync
  /** Folder of each set of migrations, by the set's name; the technical tables (`store`) come first by themselves. */
  readonly folders?: Readonly<Record<string, string>>
  /** Told each migration as soon as it is kept. */
  readonly onApplied?: (name: string) => void
}

/** The folder of the set `store`. */
export const technicalTables = fileURLToPath(new URL('../migrations', import.meta.url))

const ledger = `
CREATE TABLE IF NOT EXISTS migration (
  "set"      TEXT    NOT NULL,
  number     INTEGER NOT NULL,
  file       TEXT    NOT NULL,
  checksum   TEXT    NOT NULL,
  applied_at INTEGER NOT NULL,
  PRIMARY KEY ("set", number)
) STRICT, WITHOUT ROWID`

/**
 * Applies what is missing of each set, forward only, each file in one transaction under the write lock; several processes
 * may do so at once. Returns what it applied. Throws `MigrationRefused` before anything is applied when an applied file
 * was changed or is gone, or when the numbers of a set are not 001, 002, 003 and so on.
 */
export function migrate(options: MigrateOptions): string[] {
  const { file, folders = {} } = options
  const sets = readSets({ store: technicalTables, ...folders })
  if (typeof file !== 'string') return failing(() => migrateOpen(file, sets, options))
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true })
  const database = openSqlite({ file })
  try {
    return failing(() => migrateOpen(database, sets, options))
  } finally {
    database.close()
  }
}

function migrateOpen(
  database: DatabaseSync,
  sets: readonly MigrationSet[],
  { mayBeAhead, onApplied }: MigrateOptions,
): string[] {
  database.exec(ledger)
  for (const each of sets) compare(each, appliedOf(database, each.set), { mayBeAhead })
  const done: string[] = []
  for (const migration of sets.flatMap(({ files }) => files)) {
    if (!apply(database, migration)) continue
    done.push(nameOf(migration))
    onApplied?.(nameOf(migration))
  }
  return done
}

function appliedOf(database: DatabaseSync, set: string): Applied[] {
  const rows = database.prepare('SELECT number, file, checksum FROM migration WHERE "set" = ? ORDER BY number').all(set)
  return rows.map(({ number, file, checksum }) => ({
    number: Number(number),
    file: String(file),
    checksum: String(checksum),
  }))
}

/** False when it is applied already. */
function apply(database: DatabaseSync, migration: Migration): boolean {
  const { set, file, number, sql, checksum } = migration
  database.exec('BEGIN EXCLUSIVE')
  try {
    const applied = database.prepare('SELECT 1 FROM migration WHERE "set" = ? AND number = ?').get(set, number)
    if (!applied) {
      database.exec(sql)
      if (!database.isTransaction)
        throw new MigrationRefused(`migration ${set}/${file} must not end its transaction itself`)
      database
        .prepare('INSERT INTO migration ("set", number, file, checksum, applied_at) VALUES (?, ?, ?, ?, ?)')
        .run(set, number, file, checksum, Date.now())
    }
    database.exec('COMMIT')
    return !applied
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error instanceof MigrationRefused ? error : failed(migration, error)
  }
}
