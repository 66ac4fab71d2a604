import type { Key } from '@flotilla/decider/decider'
import { idOf } from '@flotilla/decider/decider'
import type { Column, Table } from '@flotilla/decider/table'
import { blobToUuid, uuidToBlob } from '@flotilla/decider/uuid'
import type { Found } from './database.ts'
import { type Cell, type CellKind, type Layout, layoutOf } from './rows.ts'

const idAtMost = 200

export const quoted = (name: string): string => `[${name}]`

/** An id or a home as a parameter. Throws a `RangeError` when it is longer than its column. */
export function textId(id: string): string {
  if (id.length > idAtMost)
    throw new RangeError(`an id has at most ${idAtMost} characters, not ${id.length}: "${id.slice(0, 40)}…"`)
  return id
}

/** The ids of rows, of each kind. */
export const idLayouts = { uuid: layoutOf({ id: 'u' }), text: layoutOf({ id: 'k' }) } as const

/** A row's id as a parameter. */
export const idCell = (table: { readonly id: 'uuid' | 'text' }, key: Key): Cell =>
  table.id === 'uuid' ? uuidToBlob(idOf(key)) : textId(idOf(key))

const cellKinds = { text: 't', json: 't', uuid: 'u', integer: 'n', boolean: 'n' } as const satisfies Record<
  Column<never>['type'],
  CellKind
>

/** A whole row with its version, and the version it has in the database until now. */
export function rowLayout<Row>({ id, columns }: Table<Row>): Layout<string> {
  const kinds = Object.entries(columns).map(([name, { type }]) => [name, cellKinds[type]])
  return layoutOf({ id: id === 'uuid' ? 'u' : 'k', stored: 'n', version: 'n', ...Object.fromEntries(kinds) })
}

/** A column's value as a parameter. */
export function columnCell<Row>(column: Column<Row>, row: Row, id: string): Cell {
  const value = column.write(row, id)
  if (value === null || value === undefined) return null
  switch (column.type) {
    case 'json':
      return JSON.stringify(value)
    case 'boolean':
      return value ? 1 : 0
    case 'uuid':
      return uuidToBlob(value as string)
    default:
      return value as Cell
  }
}

/** A row as it was found, by the names of its columns. */
export function decoded<Row>(table: Table<Row>, found: Found, id: string): Row {
  const values: Record<string, unknown> = {}
  for (const [name, { type }] of Object.entries(table.columns)) {
    const value = found[name]
    if (value === null) values[name] = null
    else if (type === 'json') values[name] = JSON.parse(value as string)
    else values[name] = type === 'uuid' ? blobToUuid(value as Uint8Array) : value
  }
  return table.read(values, id)
}

export const foundId = ({ id }: { readonly id: 'uuid' | 'text' }, found: Found): string =>
  id === 'uuid' ? blobToUuid(found.id as Uint8Array) : (found.id as string)

/** `t.[id], t.[version], t.[…]` */
export const selected = ({ columns }: { readonly columns: object }, alias: string): string =>
  ['id', 'version', ...Object.keys(columns)].map((name) => `${alias}.${quoted(name)}`).join(', ')
