import type { Migration } from '@flotilla/decider/migration-set'
import { type Token, tokensOf } from '@flotilla/store-azure-sql/tsql'
import type { Build, Change, Column, Stage } from './schema.ts'
import { columnIn, columnsOf, endOf, filledBy, itemsIn, nameAt, partsOf } from './tsql-parts.ts'

type Tables = Map<string, Map<string, Column>>

/**
 * Reads T-SQL without running it: CREATE, ALTER and DROP TABLE, sp_rename, also in `EXEC (N'...')`. Conditions are taken as met.
 * docs/migrations.md says what it cannot see.
 */
export const readTsql: Build = async (before, added) => {
  const tables: Tables = new Map()
  for (const migration of before) read(tables, migration)
  return [{ schema: copyOf(tables) }, ...added.map((migration) => read(tables, migration))]
}

function read(tables: Tables, migration: Migration): Stage {
  const changes: Change[] = []
  new Reading(tables, changes).read(migration.sql)
  return { migration, schema: copyOf(tables), changes }
}

const copyOf = (tables: Tables) => new Map([...tables].map(([name, columns]) => [name, new Map(columns)]))

class Reading {
  readonly #tables: Tables
  readonly #changes: Change[]

  constructor(tables: Tables, changes: Change[]) {
    this.#tables = tables
    this.#changes = changes
  }

  read(sql: string) {
    const tokens = tokensOf(sql)
    const says = (index: number, ...keys: string[]) => keys.every((key, offset) => tokens[index + offset]?.key === key)
    for (const index of tokens.keys()) {
      if (says(index, 'create', 'table')) this.#create(tokens, index + 2)
      else if (says(index, 'alter', 'table')) this.#alter(tokens, index + 2)
      else if (says(index, 'drop', 'table')) this.#drop(tokens, index + 2)
      else if (says(index, 'sp_rename') || says(index, ' sp_rename')) this.#rename(tokens, index + 1)
      else if ((says(index, 'exec') || says(index, 'execute')) && says(index + 1, '(')) {
        const said = tokens[index + 2]
        if (said?.kind === 'string') this.read(said.text)
      }
    }
  }

  #create(tokens: readonly Token[], at: number) {
    const { name, next } = nameAt(tokens, at)
    // Of a temporary table nobody else knows.
    if (name === undefined || name.startsWith('#') || tokens[next]?.key !== '(') return
    this.#tables.set(name, new Map(columnsOf(itemsIn(tokens, next + 1))))
  }

  #alter(tokens: readonly Token[], at: number) {
    const { name: table, next: after } = nameAt(tokens, at)
    if (table === undefined) return
    // WITH CHECK, WITH NOCHECK
    const next = tokens[after]?.key === 'with' ? after + 2 : after
    const verb = tokens[next]?.key
    const rest = tokens.slice(next + 1, endOf(tokens, next + 1))
    const columns = this.#tables.get(table)
    if (verb === 'add') {
      const items = itemsIn(rest, 0)
      for (const [name, column] of columnsOf(items)) columns?.set(name, column)
      for (const name of items.map(filledBy)) fill(columns, name)
    } else if (verb === 'alter' && rest[0]?.key === 'column') {
      const [name, column] = columnIn(rest.slice(1)) ?? []
      if (name === undefined || column === undefined) return
      this.#changes.push({ says: 'ALTER COLUMN', table, column: name })
      columns?.set(name, { ...column, isFilled: columns.get(name)?.isFilled ?? false })
    } else if (verb === 'drop') {
      for (const column of droppedColumns(rest)) {
        this.#changes.push({ says: 'DROP COLUMN', table, column })
        columns?.delete(column)
      }
    }
  }

  #drop(tokens: readonly Token[], at: number) {
    const rest = tokens.slice(at, endOf(tokens, at)).filter(({ key }) => key !== 'if' && key !== 'exists')
    for (const item of itemsIn(rest, 0)) {
      const { name } = nameAt(item, 0)
      if (name === undefined) continue
      this.#changes.push({ says: 'DROP TABLE', table: name })
      this.#tables.delete(name)
    }
  }

  /** `EXEC sp_rename 'table.column', 'name', 'COLUMN'`; without the last one, a table (or what is none of ours). */
  #rename(tokens: readonly Token[], at: number) {
    const [from, to, kind] = tokens.slice(at, endOf(tokens, at)).filter((token) => token.kind === 'string')
    if (from === undefined || to === undefined) return
    const parts = partsOf(from.text)
    const name = to.text.toLowerCase()
    if (kind?.text.toLowerCase() === 'column') {
      const [table = '', column = ''] = parts.slice(-2)
      this.#changes.push({ says: 'sp_rename', table, column })
      move(this.#tables.get(table), column, name)
    } else if (kind === undefined || kind.text.toLowerCase() === 'object') {
      const table = parts.at(-1) ?? ''
      this.#changes.push({ says: 'sp_rename', table })
      move(this.#tables, table, name)
    }
  }
}

/** `DROP CONSTRAINT a, COLUMN b, c`: what is said of one counts for those after it. */
function droppedColumns(rest: readonly Token[]): string[] {
  let isColumn = false
  return itemsIn(rest, 0).flatMap((item) => {
    const words = item.filter(({ key }) => key !== 'if' && key !== 'exists')
    const kind = words.length > 1 ? words[0]?.key : undefined
    if (kind !== undefined) isColumn = kind === 'column'
    const name = words.at(kind === undefined ? 0 : 1)
    return isColumn && name ? [name.text.toLowerCase()] : []
  })
}

function fill(columns: Map<string, Column> | undefined, name = '') {
  const column = columns?.get(name)
  if (column) columns?.set(name, { ...column, isFilled: true })
}

function move<Value>(map: Map<string, Value> | undefined, from: string, to: string) {
  const value = map?.get(from)
  if (map === undefined || value === undefined) return
  map.delete(from)
  map.set(to, value)
}
