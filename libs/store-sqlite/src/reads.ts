import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Table } from '@flotilla/decider/table'
import { blobToUuid, uuidToBlob } from '@flotilla/decider/uuid'
import type { Parameters } from './database.ts'
import { failing } from './failure.ts'
import { fromSql } from './rows.ts'

/** Reads of one kind of row for lists and views, through the same mapping that saves it. Throws `Unavailable`. */
export interface TableReads<Row> {
  find(id: string): Row | undefined
  /** Prepares `SELECT … FROM table <clauses>`: the clauses from WHERE to LIMIT, with named parameters. */
  select(clauses: string): (parameters?: Parameters) => Row[]
}

export function readTable<Row>(database: DatabaseSync, table: Table<Row>): TableReads<Row> {
  const columns = Object.entries(table.columns)
  const list = ['id', ...columns.map(([name]) => name)].map((name) => `"${name}"`).join(', ')
  const prepare = (clauses: string): StatementSync => {
    const statement = failing(() => database.prepare(`SELECT ${list} FROM "${table.name}" ${clauses}`))
    statement.setReturnArrays(true)
    return statement
  }
  const read = (found: readonly unknown[]): Row => {
    const id = table.id === 'uuid' ? blobToUuid(found[0] as Uint8Array) : (found[0] as string)
    const values = Object.fromEntries(columns.map(([name, { type }], index) => [name, fromSql(type, found[index + 1])]))
    return table.read(values, id)
  }
  const byId = prepare('WHERE "id" = ?')
  return {
    find(id) {
      const found = failing(() => byId.get(table.id === 'uuid' ? uuidToBlob(id) : id)) as unknown as
        | unknown[]
        | undefined
      return found && read(found)
    },
    select(clauses) {
      const statement = prepare(clauses)
      return (parameters = {}) => failing(() => statement.all(parameters) as unknown as unknown[][]).map(read)
    },
  }
}
