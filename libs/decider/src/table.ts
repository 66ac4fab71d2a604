import { type Key, keyOf } from './decider.ts'

/**
 * A column a service queries or constrains, and how it is filled from the row.
 * `uuid` is 16 bytes in network byte order in the database, `boolean` is 0 or 1, `json` is text; null is NULL.
 */
export type Column<Row> =
  | { readonly type: 'text' | 'uuid'; write(row: Row, id: string): string | null }
  /** Whole numbers within ±2^53. */
  | { readonly type: 'integer'; write(row: Row, id: string): number | null }
  | { readonly type: 'boolean'; write(row: Row, id: string): boolean | null }
  | { readonly type: 'json'; write(row: Row, id: string): unknown }

export type Columns<Row> = Readonly<Record<string, Column<Row>>>

/** What the columns hold, as `read` gets it: the type that `write` gave. */
export type Values<C extends Columns<never>> = { readonly [Name in keyof C]: ReturnType<C[Name]['write']> }

/**
 * How the rows of one kind are kept in a relational table, for every store that speaks SQL. The table is made by the
 * service's migration, in which every declared column stands beside the two that each row table has: `id` (the primary
 * key) and `version` (a positive integer). One row is one statement's worth: what has many parts and is never queried
 * goes into one `json` column, conventionally `body`.
 */
export interface Table<Row> {
  /** The part of a key before the colon. */
  readonly kind: string
  readonly name: string
  /** `uuid`: ids are UUIDs, kept as 16 bytes in network byte order. `text`: as they are. */
  readonly id: 'uuid' | 'text'
  /** In any order; each is written whenever the row is saved. */
  readonly columns: Columns<Row>
  // biome-ignore lint/suspicious/noExplicitAny: each table knows its own columns; `table` checks them where they are declared.
  read(values: any, id: string): Row
  /** Rows that whoever loads this one needs too, in the same transaction: the items of a reservation. */
  readonly follow?: Follow
  /** Many change the same few rows of it, so they queue for a row instead of deciding in vain. */
  readonly isContended?: boolean
}

/** Where a row names those it is loaded with, so that a database can find them by itself. */
export interface Follow {
  /** Of the rows that are named, which name none themselves. */
  readonly kind: string
  /** A `json` column that holds an object, or a list of them. */
  readonly column: string
  /** Of these objects; each holds an id. */
  readonly properties: readonly string[]
}

/** The rows that one names by its `follow`. */
export function followedBy<Row>({ follow, columns }: Table<Row>, row: Row, id: string): Key[] {
  if (!follow) return []
  const named = columns[follow.column]?.write(row, id)
  const objects = (Array.isArray(named) ? named : [named]) as readonly Record<string, string>[]
  return objects.flatMap((object) =>
    follow.properties.map((property) => keyOf(follow.kind, object[property] as string)),
  )
}

interface Declaration<Row, C extends Columns<Row>> {
  readonly kind: string
  readonly name: string
  readonly id: 'uuid' | 'text'
  readonly columns: C
  readonly read: (values: Values<C>, id: string) => Row
  readonly follow?: Follow
  readonly isContended?: boolean
}

const plainName = /^[a-z][a-z0-9_]*$/
const plainProperty = /^[a-zA-Z][a-zA-Z0-9]*$/
const reserved = new Set(['id', 'version'])

/**
 * Declares the table of one kind of row: `table<Order>()({ kind: 'order', … })`. Throws a `TypeError` on a name that is
 * not plain (small letters, digits, underscores), because names become part of statements.
 */
export const table =
  <Row>() =>
  <C extends Columns<Row>>(declaration: Declaration<Row, C>): Table<Row> => {
    const { kind, name, columns, follow } = declaration
    if (kind === '' || kind.includes(':'))
      throw new TypeError(`a kind has at least one character and no colon: "${kind}"`)
    for (const each of [name, ...Object.keys(columns)]) {
      if (!plainName.test(each))
        throw new TypeError(`table ${name}: "${each}" must be small letters, digits and underscores`)
    }
    for (const each of Object.keys(columns)) {
      if (reserved.has(each)) throw new TypeError(`table ${name}: the column "${each}" is there without being declared`)
    }
    if (follow && columns[follow.column]?.type !== 'json')
      throw new TypeError(`table ${name}: what it follows is named in a json column, which "${follow.column}" is not`)
    for (const each of follow?.properties ?? []) {
      if (!plainProperty.test(each)) throw new TypeError(`table ${name}: "${each}" must be letters and digits`)
    }
    return declaration
  }
