import type { Json, JsonObject, Value } from '../engine/json.ts'
import { badRequest } from '../engine/refusal.ts'
import { aggregate } from './aggregate.ts'
import { compareForSorting } from './compare.ts'
import { type Continuation, readContinuation, writeContinuation } from './continuation.ts'
import { build, evaluate, type Parameters, parameterValue } from './evaluate.ts'
import type { AggregateField, Expression, Query } from './query.ts'

export interface Candidate {
  /** Grows with each document of a container. */
  readonly n: number
  readonly text: string
}

/** Where a query looks. */
export interface Source {
  /** Whether all candidates fulfil the WHERE clause. */
  readonly isExact: boolean
  /** Those after the document `n`, by `n`. */
  rows(after: number): Iterable<Candidate>
  /** How many candidates there are, without looking at them. */
  readonly count?: (() => number) | undefined
  /** All of them in the query's order, where that is known without sorting. */
  readonly inOrder?: (() => Iterable<Candidate>) | undefined
}

export interface Paging {
  readonly continuation: string | undefined
  /** Results in a page. */
  readonly atMost: number
}

export interface Page {
  /** Each as JSON. */
  readonly results: readonly string[]
  readonly continuation: string | undefined
  /** Documents looked at. */
  readonly scanned: number
  /** Length of the results. */
  readonly size: number
}

/** Cosmos DB ends a page at 4 MB. */
const pageSizeAtMost = 4 * 1024 * 1024

/** Runs one page of a query. Throws a Refusal. */
export function runQuery(query: Query, parameters: Parameters, source: Source, paging: Paging): Page {
  const counted = { scanned: 0 }
  const find = matches(query, parameters, source, counted)
  const token = readContinuation(paging.continuation)
  const start: Continuation = token ?? { n: 0, keys: [], ...readWindow(query, parameters) }
  if (query.selection.kind === 'aggregates' || query.isDistinct) {
    const all = gather(query, parameters, source, find)
    return { ...cut(all.slice(token?.n ?? 0), start, paging.atMost), scanned: counted.scanned }
  }
  const inOrder = query.orders.length === 0 ? find(source.rows(start.n)) : sorted(query, source, find, token)
  return { ...take(query, parameters, inOrder, start, paging.atMost), scanned: counted.scanned }
}

interface Match {
  readonly n: number
  readonly text: string
  readonly document: JsonObject | undefined
  readonly keys: readonly Value[]
}

type Find = (candidates: Iterable<Candidate>) => Iterable<Match>

function matches(
  { where, orders, selection }: Query,
  parameters: Parameters,
  source: Source,
  counted: { scanned: number },
): Find {
  const isChecked = source.isExact || where === undefined
  // Found by SQLite and returned as it is: no need to read it.
  const isOpaque = isChecked && orders.length === 0 && selection.kind === 'all'
  return function* (candidates) {
    for (const { n, text } of candidates) {
      counted.scanned += 1
      if (isOpaque) yield { n, text, document: undefined, keys: [] }
      else {
        const document = JSON.parse(text) as JsonObject
        if (!isChecked && evaluate(where, document, parameters) !== true) continue
        yield { n, text, document, keys: orders.map(({ by }) => evaluate(by, document, parameters)) }
      }
    }
  }
}

function sorted({ orders }: Query, source: Source, find: Find, token: Continuation | undefined): Iterable<Match> {
  const compare = (one: Pick<Match, 'n' | 'keys'>, other: Pick<Match, 'n' | 'keys'>) => {
    for (const [index, { isDescending }] of orders.entries()) {
      const difference = compareForSorting(one.keys[index], other.keys[index])
      if (difference !== 0) return isDescending ? -difference : difference
    }
    return one.n - other.n
  }
  const all = source.inOrder ? find(source.inOrder()) : [...find(source.rows(0))].sort(compare)
  const last = token && { n: token.n, keys: token.keys.map(([key]) => key) }
  return last ? after(all, (match) => compare(match, last) > 0) : all
}

function* after(all: Iterable<Match>, isAfter: (match: Match) => boolean): Iterable<Match> {
  for (const match of all) if (isAfter(match)) yield match
}

/** OFFSET, LIMIT and TOP. */
function readWindow({ offset, limit, top }: Query, parameters: Parameters): { skip: number; left: number | null } {
  const most = limit ?? top
  return { skip: offset ? readCount(offset, parameters) : 0, left: most ? readCount(most, parameters) : null }
}

function readCount(expression: Expression, parameters: Parameters): number {
  const value =
    expression.kind === 'parameter'
      ? parameterValue(expression.name, parameters)
      : evaluate(expression, null, parameters)
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw badRequest(`TOP, OFFSET and LIMIT take an integer that is not negative, not ${JSON.stringify(value)}.`)
}

function take(
  query: Query,
  parameters: Parameters,
  found: Iterable<Match>,
  start: Continuation,
  atMost: number,
): Omit<Page, 'scanned'> {
  const results: string[] = []
  let { skip, left } = start
  let size = 0
  let last: Match | undefined
  for (const match of found) {
    if (left === 0) break
    if (results.length >= atMost || size >= pageSizeAtMost) {
      const { n, keys } = last as Match
      const token = { n, keys: keys.map((key) => (key === undefined ? [] : [key])), skip, left }
      return { results, size, continuation: writeContinuation(token) }
    }
    last = match
    const text = project(query, match, parameters)
    if (text === undefined) continue
    if (skip > 0) {
      skip -= 1
      continue
    }
    if (left !== null) left -= 1
    results.push(text)
    size += text.length
  }
  return { results, size, continuation: undefined }
}

function project({ selection }: Query, { text, document }: Match, parameters: Parameters): string | undefined {
  if (selection.kind === 'all' || document === undefined) return text
  const of = (expression: Expression) => evaluate(expression, document, parameters)
  if (selection.kind === 'value') return JSON.stringify(of(selection.of))
  if (selection.kind === 'fields')
    return JSON.stringify(build(selection.fields.map(([name, value]) => [name, of(value)])))
  return undefined
}

/** All results of a query whose results are not single documents. */
function gather(query: Query, parameters: Parameters, source: Source, find: Find): string[] {
  const { selection } = query
  if (selection.kind === 'aggregates') {
    const values = selection.of.map(
      (field) => countOf(field, source) ?? aggregate(field, documentsOf(find(source.rows(0))), parameters),
    )
    const [first] = values
    if (!selection.isValue) return [JSON.stringify(build(selection.of.map(({ name }, index) => [name, values[index]])))]
    return first === undefined ? [] : [JSON.stringify(first)]
  }
  const inOrder = query.orders.length === 0 ? find(source.rows(0)) : sorted(query, source, find, undefined)
  const distinct = new Map<string, string>()
  for (const match of inOrder) {
    const text = project(query, match, parameters)
    if (text !== undefined) distinct.set(JSON.stringify(canonical(JSON.parse(text))), text)
  }
  return [...distinct.values()]
}

/** COUNT(1) of what SQLite can find by itself. */
function countOf({ aggregate: name, of }: AggregateField, { isExact, count }: Source): number | undefined {
  const countsAll = name === 'COUNT' && of.kind === 'constant' && of.value !== undefined
  return countsAll && isExact ? count?.() : undefined
}

function* documentsOf(found: Iterable<Match>): Iterable<Json> {
  for (const { document } of found) if (document) yield document
}

/** Equal values in one way of writing. */
function canonical(value: Json): Json {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return build(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, inner]) => [name, canonical(inner)]),
  )
}

/** A page of results that were computed all at once; `n` of its token counts them. */
function cut(all: readonly string[], start: Continuation, atMost: number): Omit<Page, 'scanned'> {
  const most = Math.min(atMost, start.left ?? atMost)
  const results = all.slice(start.skip, start.skip + most)
  const used = start.skip + results.length
  const left = start.left === null ? null : start.left - results.length
  const size = results.reduce((sum, { length }) => sum + length, 0)
  const isLast = used >= all.length || left === 0
  return {
    results,
    size,
    continuation: isLast ? undefined : writeContinuation({ n: start.n + used, keys: [], skip: 0, left }),
  }
}
