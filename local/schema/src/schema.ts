import type { Migration } from '@flotilla/decider/migration-set'

export const dialects = ['sqlite', 'azure-sql'] as const
export type Dialect = (typeof dialects)[number]

export interface Column {
  /** As its database writes it, in small letters. */
  readonly type: string
  readonly isNullable: boolean
  /** By a default, a computation or a counter: who inserts a row need not know it. */
  readonly isFilled: boolean
}

/** Tables and their columns, by names in small letters. */
export type Schema = ReadonlyMap<string, ReadonlyMap<string, Column>>

/** What a statement does to a table or column that is there, whatever comes of it later. */
export interface Change {
  readonly says: 'DROP TABLE' | 'DROP COLUMN' | 'ALTER COLUMN' | 'sp_rename'
  readonly table: string
  /** Undefined: the whole table. */
  readonly column?: string | undefined
}

/** How a database stands after a migration. */
export interface Stage {
  /** Undefined: how the release before left it. */
  readonly migration?: Migration | undefined
  readonly schema: Schema
  /** Where statements are read and not run. */
  readonly changes?: readonly Change[] | undefined
}

/** Makes a schema of migrations: those of the release before first, of which it is the first stage, then one stage each. */
export type Build = (before: readonly Migration[], added: readonly Migration[]) => Promise<readonly Stage[]>
