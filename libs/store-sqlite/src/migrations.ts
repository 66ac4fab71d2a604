import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { openSqlite } from './database.ts'
import { failing } from './failure.ts'

export interface MigrateOptions {
  /** A path, made with its folders if it is missing; or an open database, for one in memory. */
  readonly file: string | DatabaseSync
  /** Folder of each set of migrations, by the set's name; the technical tables (`store`) come first by themselves. */
  readonly folders?: Readonly<Record<string, string>>
}

/** What must be mended before the database can be migrated: names the migration. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused'
}

interface Migration {
  readonly set: string
  readonly file: string
  readonly number: number
  readonly sql: string
  readonly checksum: string
}

const own = fileURLToPath(new URL('../migrations', import.meta.url))

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
export function migrate({ file, folders = {} }: MigrateOptions): string[] {
  if (typeof file !== 'string') return failing(() => migrateOpen(file, folders))
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true })
  const database = openSqlite({ file })
  try {
    return failing(() => migrateOpen(database, folders))
  } finally {
    database.close()
  }
}

function migrateOpen(database: DatabaseSync, folders: Readonly<Record<string, string>>): string[] {
  const sets = Object.entries({ store: own, ...folders }).map(([set, folder]) => ({ set, files: readSet(set, folder) }))
  database.exec(ledger)
  for (const { set, files } of sets) verify(database, set, files)
  return sets.flatMap(({ files }) => files.filter((migration) => apply(database, migration)).map(nameOf))
}

const nameOf = ({ set, file }: Pick<Migration, 'set' | 'file'>): string => `${set}/${file}`

function readSet(set: string, folder: string): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
  return files.map((file, index) => {
    const [, digits] = /^(\d{3})_[a-z0-9_-]+\.sql$/.exec(file) ?? []
    if (!digits) {
      throw new MigrationRefused(
        `migration ${set}/${file} is not named NNN_name.sql, such as 001_orders.sql, in ${folder}`,
      )
    }
    if (Number(digits) !== index + 1) {
      const expected = String(index + 1).padStart(3, '0')
      throw new MigrationRefused(
        `migration ${set}/${file} should have the number ${expected}: numbers go up by one from 001`,
      )
    }
    const sql = readFileSync(join(folder, file), 'utf8')
    // A checkout with other line ends is no change.
    const checksum = createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex')
    return { set, file, number: index + 1, sql, checksum }
  })
}

function verify(database: DatabaseSync, set: string, files: readonly Migration[]) {
  const applied = database
    .prepare('SELECT number, file, checksum FROM migration WHERE "set" = ? ORDER BY number')
    .all(set)
  for (const { number, file, checksum } of applied) {
    const now = files[Number(number) - 1]
    if (!now || now.file !== file) {
      throw new MigrationRefused(
        `migration ${set}/${file} was applied to this database, but the file is missing: bring it back`,
      )
    }
    if (now.checksum !== checksum) {
      throw new MigrationRefused(
        `migration ${set}/${file} was changed after it was applied: undo that, and add a new one`,
      )
    }
  }
}

/** False when it is applied already. */
function apply(database: DatabaseSync, { set, file, number, sql, checksum }: Migration): boolean {
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
    if (error instanceof MigrationRefused) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new MigrationRefused(`migration ${set}/${file} failed, and nothing of it was kept: ${reason}`, {
      cause: error,
    })
  }
}
