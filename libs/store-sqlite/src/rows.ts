import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { idOf, type Key, kindOf } from '@flotilla/decider/decider'
import type { Plan } from '@flotilla/decider/plan'
import type { Versioned } from '@flotilla/decider/store'
import { type Column, followedBy, type Table } from '@flotilla/decider/table'
import { blobToUuid, uuidToBlob } from '@flotilla/decider/uuid'

/** The rows of every kind that a service keeps. */
export interface Rows<Row> {
  /** The rows that are there, and those they follow. */
  load(keys: readonly Key[]): Map<Key, Versioned<Row>>
  /** 0 when the row is not there. */
  version(key: Key): number
  write(rows: Plan<Row>['rows']): void
}

interface TableStatements<Row> {
  readonly table: Table<Row>
  id(id: string): SQLInputValue
  readonly select: StatementSync
  readonly insert: StatementSync
  readonly update: StatementSync
  bind(state: Row, id: string, version: number): SQLInputValue[]
  read(columns: readonly unknown[], id: string): Row
}

/** Throws a `TypeError` for a key of a kind that has no table; what the schema refuses is thrown as it is. */
export function createRows<Row>(database: DatabaseSync, tables: readonly Table<Row>[]): Rows<Row> {
  const byKind = new Map<string, TableStatements<Row>>()
  for (const table of tables) {
    if (byKind.has(table.kind)) throw new TypeError(`two tables for the kind ${table.kind}`)
    byKind.set(table.kind, prepare(database, table))
  }

  function statements(key: Key): TableStatements<Row> {
    const found = byKind.get(kindOf(key))
    if (!found)
      throw new TypeError(`no table for the row ${key}; there are tables for: ${[...byKind.keys()].join(', ')}`)
    return found
  }

  return {
    load(keys) {
      const rows = new Map<Key, Versioned<Row>>()
      const seen = new Set(keys)
      // The set grows while it is walked: what a row follows is loaded too, and what that follows.
      for (const key of seen) {
        const { table, select, id, read } = statements(key)
        const found = select.get(id(idOf(key))) as unknown as unknown[] | undefined
        if (!found) continue
        const state = read(found, idOf(key))
        rows.set(key, { state, version: found[0] as number })
        for (const followed of followedBy(table, state, idOf(key))) seen.add(followed)
      }
      return rows
    },
    version(key) {
      const { select, id } = statements(key)
      const found = select.get(id(idOf(key))) as unknown as unknown[] | undefined
      return (found?.[0] as number | undefined) ?? 0
    },
    write(rows) {
      for (const [key, { state, stored, version }] of rows) {
        const { bind, insert, update } = statements(key)
        const values = bind(state, idOf(key), version)
        if (stored === 0) insert.run(...values)
        else if (update.run(...values, stored).changes !== 1) throw new Error(`${key} changed under the write lock`)
      }
    },
  }
}

function prepare<Row>(database: DatabaseSync, table: Table<Row>): TableStatements<Row> {
  const names = Object.keys(table.columns)
  const columns = Object.values(table.columns)
  const list = (of: readonly string[]) => of.map((name) => `"${name}"`).join(', ')
  const id = table.id === 'uuid' ? uuidToBlob : (text: string) => text
  const select = database.prepare(`SELECT ${list(['version', ...names])} FROM "${table.name}" WHERE "id" = ?1`)
  select.setReturnArrays(true)
  const assigned = ['version', ...names].map((name, index) => `"${name}" = ?${index + 2}`).join(', ')
  return {
    table,
    id,
    select,
    insert: database.prepare(
      `INSERT INTO "${table.name}" (${list(['id', 'version', ...names])}) VALUES (?, ?${', ?'.repeat(names.length)})`,
    ),
    update: database.prepare(
      `UPDATE "${table.name}" SET ${assigned} WHERE "id" = ?1 AND "version" = ?${names.length + 3}`,
    ),
    bind(state, text, version) {
      const values: SQLInputValue[] = [id(text), version]
      for (const column of columns) values.push(toSql(column, state, text))
      return values
    },
    read(found, text) {
      const values: Record<string, unknown> = {}
      columns.forEach(({ type }, index) => {
        values[names[index] as string] = fromSql(type, found[index + 1])
      })
      return table.read(values, text)
    },
  }
}

function toSql<Row>(column: Column<Row>, state: Row, id: string): SQLInputValue {
  const value = column.write(state, id)
  if (value === null || value === undefined) return null
  switch (column.type) {
    case 'json':
      return JSON.stringify(value)
    case 'boolean':
      return value ? 1 : 0
    case 'uuid':
      return uuidToBlob(value as string)
    default:
      return value as string | number
  }
}

export function fromSql(type: Column<unknown>['type'], value: unknown): unknown {
  if (value === null) return null
  switch (type) {
    case 'json':
      return JSON.parse(value as string)
    case 'boolean':
      return value === 1
    case 'uuid':
      return blobToUuid(value as Uint8Array)
    default:
      return value
  }
}
