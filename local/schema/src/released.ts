import { readFileSync } from 'node:fs'
import { type Migration, nameOf } from '@flotilla/decider/migration-set'
import { z } from 'zod'
import type { Dialect, Schema } from './schema.ts'

/** By the name of the migration, such as `order/001_orders.sql`. */
const Checksums = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/))

const Released = z.strictObject({
  release: z.string(),
  migrations: z.strictObject({ sqlite: Checksums, 'azure-sql': Checksums }),
  /** The columns that the release reads and writes, by table. */
  tables: z.record(z.string(), z.array(z.string())),
})

/** What the release before is: its replicas run while the migrations of the next one have been applied. */
export type Released = Readonly<z.output<typeof Released>>

/** `services/<service>/migrations/released.json`; undefined when there is none. Throws when it is not what `--record` writes. */
export function readReleased(file: string): Released | undefined {
  try {
    return Released.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
    throw new Error(`${file} cannot be read: ${reason}. Bring back what the last release recorded`, { cause: error })
  }
}

/** A table that a service declares (`outbound/tables.ts`). */
export interface Declared {
  readonly name: string
  readonly columns: Readonly<Record<string, unknown>>
}

interface Recording {
  readonly release: string
  readonly migrations: Readonly<Record<Dialect, readonly Migration[]>>
  readonly tables: readonly Declared[]
  /** The technical tables, all of whose columns are read and written. */
  readonly technical: Schema
}

type Uses = [table: string, columns: string[]]

export function recordOf({ release, migrations, tables, technical }: Recording): Released {
  const checksums = (files: readonly Migration[]) =>
    Object.fromEntries(files.map((each) => [nameOf(each), each.checksum]))
  const own = tables.map(({ name, columns }): Uses => [name, ['id', 'version', ...Object.keys(columns)]])
  const shared = [...technical].map(([name, columns]): Uses => [name, [...columns.keys()]])
  return {
    release,
    migrations: { sqlite: checksums(migrations.sqlite), 'azure-sql': checksums(migrations['azure-sql']) },
    tables: Object.fromEntries([...own, ...shared]),
  }
}
