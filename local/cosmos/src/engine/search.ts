import type { SQLInputValue } from 'node:sqlite'
import type { Parameters } from '../sql/evaluate.ts'
import { type Filter, filterOf } from '../sql/filter.ts'
import type { Query } from '../sql/query.ts'
import type { Candidate, Source } from '../sql/run.ts'
import type { Container } from './container.ts'
import { indexedPaths, isSearchable, type Path, sortable } from './indexing.ts'
import type { Storage } from './storage.ts'

/** The part of a container that a query is about. */
export interface Scope {
  /** Undefined is all partitions. */
  readonly partition: string | undefined
  /** Whether it is only the beginning of a hierarchical key. */
  readonly isPrefix: boolean
}

export interface Search {
  readonly query: Pick<Query, 'where' | 'orders'>
  readonly scope: Scope
  readonly parameters: Parameters
  /** Milliseconds since the epoch: what has expired is not found. */
  readonly now: number
}

/** Statements that find a query's candidates, with all their values but the document to start after. */
export interface Statements {
  /** By `n`; the last value is the `n` to start after. */
  readonly rows: string
  /** One after the other they find all in the query's order; undefined when only sorting does. */
  readonly inOrder: readonly string[] | undefined
  readonly count: string
  readonly values: readonly SQLInputValue[]
  readonly isExact: boolean
}

export function searchStatements(container: Container, { query, scope, parameters, now }: Search): Statements {
  const filter = query.where && filterOf(query.where, parameters)
  const { sql, values } = scoped(scope)
  const conditions = [...sql, ...(filter ? [filter.sql] : []), '(expires IS NULL OR expires > ?)']
  const from = `FROM ${container.table} WHERE ${conditions.join(' AND ')}`
  // With `+n` SQLite takes the index that the condition has and sorts what that finds; with `n` it walks the table.
  const n = scope.partition !== undefined || filter?.bounds.some(({ path }) => isIndexed(container, path)) ? '+n' : 'n'
  return {
    rows: `SELECT n, body AS text ${from} AND ${n} > ? ORDER BY ${n}`,
    inOrder: orderedStatements(container, query, scope, filter)?.map(
      ({ part, order }) => `SELECT n, body AS text ${from} AND ${part} ORDER BY ${order}`,
    ),
    count: `SELECT count(*) AS count ${from}`,
    values: [...values, ...(filter?.values ?? []), now],
    isExact: query.where === undefined || (filter?.isExact ?? false),
  }
}

function isIndexed(container: Container, path: Path): boolean {
  const wanted = JSON.stringify(path)
  return isSearchable(path) && indexedPaths(container).some((each) => JSON.stringify(each) === wanted)
}

export function scoped({ partition, isPrefix }: Scope): { sql: string[]; values: SQLInputValue[] } {
  if (partition === undefined) return { sql: [], values: [] }
  if (!isPrefix) return { sql: ['partition = ?'], values: [partition] }
  // Keys that begin so go on with a comma; the character after it ends them.
  const start = partition.slice(0, -1)
  return { sql: ['partition >= ? AND partition < ?'], values: [`${start},`, `${start}-`] }
}

/**
 * An index has numbers, strings, null, false, true, arrays and objects one after the other; Cosmos DB sorts null, false and true
 * first. So the index is walked part by part, when the condition leaves only documents that are in it.
 */
function orderedStatements(
  container: Container,
  { orders }: Search['query'],
  scope: Scope,
  filter: Filter | undefined,
) {
  const [first, ...others] = orders
  if (first?.by.kind !== 'path' || others.length > 0 || scope.partition !== undefined) return undefined
  const { path } = first.by
  const bounds = filter?.bounds.filter((each) => JSON.stringify(each.path) === JSON.stringify(path)) ?? []
  if (bounds.length === 0 || !isIndexed(container, path)) return undefined
  const key = sortable(path)
  const direction = first.isDescending ? ' DESC' : ''
  const parts = bounds.some(({ type }) => type !== 'any')
    ? ['TRUE']
    : [`${key} >= x'' AND ${key} < x'03'`, `${key} < ''`, `${key} >= '' AND ${key} < x''`, `${key} >= x'03'`]
  if (first.isDescending) parts.reverse()
  return parts.map((part) => ({ part, order: `${key}${direction}, n` }))
}

/** The documents of a container that a query may find. */
export function searchIn(storage: Storage, container: Container, search: Search): Source {
  const { rows, inOrder, count, values, isExact } = searchStatements(container, search)
  const iterate = (sql: string, ...more: SQLInputValue[]) =>
    storage.iterate(sql, ...values, ...more) as Iterable<unknown> as Iterable<Candidate>
  return {
    isExact,
    rows: (after) => iterate(rows, after),
    count: () => Number(storage.get(count, ...values)?.count),
    inOrder:
      inOrder &&
      function* () {
        for (const sql of inOrder) yield* iterate(sql)
      },
  }
}
