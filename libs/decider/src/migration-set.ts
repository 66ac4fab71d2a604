import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What must be mended before a database can be migrated: names the migration. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused'
}

/** One file of a set: `NNN_name.sql`. */
export interface Migration {
  readonly set: string
  readonly file: string
  readonly number: number
  readonly sql: string
  /** SHA-256 in hexadecimal; other line ends are the same text. */
  readonly checksum: string
}

/** What the ledger of a database says about a set. */
export type Applied = Pick<Migration, 'number' | 'file' | 'checksum'>

export const nameOf = ({ set, file }: Pick<Migration, 'set' | 'file'>): string => `${set}/${file}`

/** The files of a set, in order. Throws `MigrationRefused` when their numbers are not 001, 002, 003 and so on. */
export function readSet(set: string, folder: string): Migration[] {
  return filesIn(set, folder).map((file, index) => {
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
    return { set, file, number: index + 1, sql, checksum: checksumOf(sql) }
  })
}

/** A set of migrations: the technical tables (`store`), or those of one service by its name. */
export interface MigrationSet {
  readonly set: string
  readonly files: readonly Migration[]
}

/** The sets of several folders by name, in this order. */
export const readSets = (folders: Readonly<Record<string, string>>): MigrationSet[] =>
  Object.entries(folders).map(([set, folder]) => ({ set, files: readSet(set, folder) }))

function filesIn(set: string, folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.sql'))
      .sort()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MigrationRefused(`the migrations ${set} cannot be read: ${reason}`, { cause: error })
  }
}

/** A checkout with other line ends is no change. */
const checksumOf = (sql: string): string => createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex')

export interface Comparing {
  /** The database may have migrations after the last of these files: it served a later release, which was rolled back. */
  readonly mayBeAhead?: boolean | undefined
}

/**
 * Throws `MigrationRefused` when a file that was applied was changed since, or is gone: what would be applied now was written for
 * another database.
 */
export function compare(
  { set, files }: MigrationSet,
  ledger: readonly Applied[],
  { mayBeAhead = false }: Comparing = {},
): void {
  for (const { number, file, checksum } of ledger) {
    const now = files[number - 1]
    if (!now && mayBeAhead) continue
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

/** A migration that the database did not take; the message is the database's own. */
export function failed(migration: Pick<Migration, 'set' | 'file'>, error: unknown): MigrationRefused {
  const reason = error instanceof Error ? error.message : String(error)
  const message = `migration ${nameOf(migration)} failed, and nothing of it was kept: ${reason}`
  return new MigrationRefused(message, { cause: error })
}
