import type { SQLInputValue } from 'node:sqlite'
import { isSearchable, type Path, sortable } from '../engine/indexing.ts'
import type { Value } from '../engine/json.ts'
import { evaluate, type Parameters } from './evaluate.ts'
import type { Comparison, Expression } from './query.ts'

/** A condition that SQLite can check: true for all documents the query finds. */
export interface Filter {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
  /** True for no other documents. */
  readonly isExact: boolean
  /** Paths whose index can find the documents. */
  readonly bounds: readonly Bound[]
}

export interface Bound {
  readonly path: Path
  /** Whether only numbers, or only strings, fulfil it. */
  readonly type: 'number' | 'string' | 'any'
}

/** As much of a WHERE clause as SQLite can check with the meaning it has in Cosmos DB; undefined when that is nothing. */
export function filterOf(where: Expression, parameters: Parameters): Filter | undefined {
  switch (where.kind) {
    case 'and':
      return conjunction(filterOf(where.left, parameters), filterOf(where.right, parameters))
    case 'or':
      return disjunction(filterOf(where.left, parameters), filterOf(where.right, parameters))
    case 'compare':
      return comparison(where, parameters)
    case 'between': {
      const { of, low, high } = where
      const above = comparison({ operator: '>=', left: of, right: low }, parameters)
      return conjunction(above, comparison({ operator: '<=', left: of, right: high }, parameters))
    }
    case 'in':
      return membership(where, parameters)
    case 'call':
      return called(where.name, where.parameters, parameters)
    default:
      return undefined
  }
}

function conjunction(left: Filter | undefined, right: Filter | undefined): Filter | undefined {
  if (!left || !right) {
    const known = left ?? right
    return known && { ...known, isExact: false }
  }
  return {
    sql: `${left.sql} AND ${right.sql}`,
    values: [...left.values, ...right.values],
    isExact: left.isExact && right.isExact,
    bounds: [...left.bounds, ...right.bounds],
  }
}

function disjunction(left: Filter | undefined, right: Filter | undefined): Filter | undefined {
  if (!left || !right) return undefined
  const values = [...left.values, ...right.values]
  // SQLite can use several indexes for OR only when every branch has one; then it does so by itself.
  return { sql: `((${left.sql}) OR (${right.sql}))`, values, isExact: left.isExact && right.isExact, bounds: [] }
}

const flipped: Record<Comparison, Comparison> = { '=': '=', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

function comparison(
  { operator, left, right }: { operator: Comparison; left: Expression; right: Expression },
  parameters: Parameters,
) {
  if (left.kind === 'path' && isConstant(right)) return bounded(left.path, operator, evaluate(right, null, parameters))
  if (right.kind === 'path' && isConstant(left))
    return bounded(right.path, flipped[operator], evaluate(left, null, parameters))
  return undefined
}

/**
 * First and past the last of the values that are numbers, and that are strings, in the order of `sortable`. `+` keeps SQLite from
 * searching by them: it takes only one bound at each end, and the value asked for is the better one.
 */
const pastNumbers = "''"
const pastStrings = "x''"

function bounded(path: Path, operator: Comparison, value: Value): Filter | undefined {
  if (operator === '!=' || !isSearchable(path)) return undefined
  if (operator === '=') return equalTo(path, [value])
  const key = sortable(path)
  if (typeof value === 'number') {
    const end = operator.startsWith('>') ? ` AND +(${key}) < ${pastNumbers}` : ''
    return exactly({ path, type: 'number' }, `${key} ${operator} ?${end}`, value)
  }
  if (typeof value !== 'string' || !isBindable(value)) return undefined
  const end = operator.startsWith('>') ? `< ${pastStrings}` : `>= ${pastNumbers}`
  return exactly({ path, type: 'string' }, `${key} ${operator} ? AND +(${key}) ${end}`, value)
}

function exactly(bound: Bound, sql: string, ...values: SQLInputValue[]): Filter {
  return { sql: `(${sql})`, values, isExact: true, bounds: [bound] }
}

function equalTo(path: Path, list: readonly Value[]): Filter | undefined {
  const values: SQLInputValue[] = []
  for (const value of list) {
    if (value === null) values.push(new Uint8Array([0]))
    else if (typeof value === 'boolean') values.push(new Uint8Array([value ? 2 : 1]))
    else if (typeof value === 'number' || (typeof value === 'string' && isBindable(value))) values.push(value)
    else return undefined
  }
  if (values.length === 1) return exactly({ path, type: 'any' }, `${sortable(path)} = ?`, ...values)
  return exactly({ path, type: 'any' }, `${sortable(path)} IN (${values.map(() => '?').join(', ')})`, ...values)
}

function membership(
  { of, list }: { of: Expression; list: readonly Expression[] },
  parameters: Parameters,
): Filter | undefined {
  if (of.kind !== 'path' || !isSearchable(of.path) || !list.every(isConstant)) return undefined
  return equalTo(
    of.path,
    list.map((each) => evaluate(each, null, parameters)),
  )
}

function called(name: string, [subject, ...rest]: readonly Expression[], parameters: Parameters): Filter | undefined {
  if (subject?.kind !== 'path' || !isSearchable(subject.path)) return undefined
  const { path } = subject
  if (name === 'IS_DEFINED') return exactly({ path, type: 'any' }, `${sortable(path)} IS NOT NULL`)
  if (name === 'IS_NULL') return equalTo(path, [null])
  if (name !== 'STARTSWITH' || rest.length !== 1 || !rest.every(isConstant)) return undefined
  const start = evaluate(rest[0] as Expression, null, parameters)
  if (typeof start !== 'string' || !isBindable(start)) return undefined
  const past = pastPrefix(start)
  if (past === undefined)
    return exactly({ path, type: 'any' }, `${sortable(path)} >= ? AND ${sortable(path)} < ${pastStrings}`, start)
  return exactly({ path, type: 'any' }, `${sortable(path)} >= ? AND ${sortable(path)} < ?`, start, past)
}

/** The first string in order that no longer starts so; undefined when all that follow do. */
function pastPrefix(start: string): string | undefined {
  const points = Array.from(start, (character) => character.codePointAt(0) as number)
  while (points.at(-1) === 0x10ffff) points.pop()
  const last = points.pop()
  if (last === undefined) return undefined
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)
}

/** SQLite would cut a string at NUL, and cannot keep half a surrogate pair. */
function isBindable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** Needs no document. */
function isConstant(expression: Expression): boolean {
  if (expression.kind === 'constant' || expression.kind === 'parameter') return true
  return (expression.kind === 'minus' || expression.kind === 'plus') && isConstant(expression.of)
}
