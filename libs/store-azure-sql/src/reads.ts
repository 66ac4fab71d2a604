import type { Table } from '@flotilla/decider/table'
import { uuidToBlob } from '@flotilla/decider/uuid'
import type { Database, Value } from './database.ts'
import { decoded, foundId, quoted, selected } from './shape.ts'

/** Reads of one kind of row for lists and views, through the same mapping that saves it. Throws `Unavailable`. */
export interface TableReads<Row> {
  find(id: string): Promise<Row | undefined>
  /**
   * `SELECT [TOP (…)] … FROM table AS t <clauses>`: the clauses from WHERE to ORDER BY, with named parameters. `name` is what a
   * person would call it.
   */
  select(
    name: string,
    shape: { readonly top?: string; readonly clauses: string },
  ): (values?: Readonly<Record<string, Value>>) => Promise<Row[]>
}

export function readTable<Row>(database: Database, table: Table<Row>): TableReads<Row> {
  const from = (top?: string) =>
    `SELECT ${top ? `TOP (${top}) ` : ''}${selected(table, 't')} FROM ${quoted(table.name)} AS t`
  const query = async (name: string, sql: string, values: Readonly<Record<string, Value>>) => {
    const [found = []] = await database.run({ name, sql, values })
    return found.map((each) => decoded(table, each, foundId(table, each)))
  }
  const byId = `${from()} WHERE t.[id] = @id;`
  return {
    async find(id) {
      const [row] = await query(`find ${table.name}`, byId, { id: table.id === 'uuid' ? uuidToBlob(id) : id })
      return row
    },
    select(name, { top, clauses }) {
      const sql = `${from(top)} ${clauses};`
      return (values = {}) => query(name, sql, values)
    },
  }
}
