import { ExpressionParser } from './expression-parser.ts'
import type { Aggregate, AggregateField, Expression, Order, Query, Selection } from './query.ts'
import { Reader } from './reader.ts'

const known = new Map<string, Query>()
const knownAtMost = 500

/** Reads a query. Throws a Refusal that names what is wrong or not supported. */
export function parseQuery(text: string): Query {
  const found = known.get(text)
  if (found) return found
  if (known.size >= knownAtMost) known.clear()
  const query = readQuery(new Reader(text))
  known.set(text, query)
  return query
}

/** Reads `from c where …`, the condition of a patch. */
export function parseCondition(text: string): Expression {
  const reader = new Reader(text)
  const parser = new ExpressionParser(reader)
  readFrom(reader, parser)
  reader.needsWord('WHERE')
  const where = parser.expression()
  reader.needsEnd()
  return where
}

function readQuery(reader: Reader): Query {
  const parser = new ExpressionParser(reader)
  reader.needsWord('SELECT')
  const isDistinct = reader.takesWord('DISTINCT')
  const top = reader.takesWord('TOP') ? readCount(reader) : undefined
  const isDistinctAfterTop = !isDistinct && reader.takesWord('DISTINCT')
  if (isDistinctAfterTop) throw reader.unexpected()
  const selection = readSelection(reader, parser)
  readFrom(reader, parser)
  const where = reader.takesWord('WHERE') ? parser.expression() : undefined
  if (reader.isWord('GROUP')) throw reader.unsupported('GROUP BY')
  const orders = readOrders(reader, parser)
  const { offset, limit } = readWindow(reader)
  if (top && offset) throw reader.unsupported('TOP together with OFFSET LIMIT')
  reader.needsEnd()
  return { selection, isDistinct, top, where, orders, offset, limit }
}

function readSelection(reader: Reader, parser: ExpressionParser): Selection {
  if (reader.takesSymbol('*')) return { kind: 'all' }
  const isValue = reader.takesWord('VALUE')
  const aggregates: AggregateField[] = []
  const fields: [string, Expression][] = []
  let unnamed = 0
  do {
    const aggregate = readAggregate(reader)
    const { text: first } = reader.peek()
    const of = parser.expression()
    if (aggregate) reader.needsSymbol(')')
    if (isValue && reader.isSymbol(',')) throw reader.unexpected()
    if (isValue && !aggregate) return { kind: 'value', of }
    unnamed += 1
    const name = readName(reader) ?? (aggregate ? undefined : nameOf(of, first)) ?? `$${unnamed}`
    if (!name.startsWith('$')) unnamed -= 1
    if (aggregate) aggregates.push({ aggregate, of, name })
    else fields.push([name, of])
  } while (reader.takesSymbol(','))
  if (aggregates.length === 0) return { kind: 'fields', fields }
  if (fields.length > 0) throw reader.unsupported('An aggregate beside other fields, without GROUP BY,')
  return { kind: 'aggregates', isValue, of: aggregates }
}

const aggregateNames = new Set(['COUNT', 'SUM', 'MIN', 'MAX', 'AVG'])

function readAggregate(reader: Reader): Aggregate | undefined {
  const { kind, text } = reader.peek()
  if (kind !== 'name' || !aggregateNames.has(text.toUpperCase()) || !reader.isSymbol('(', 1)) return undefined
  reader.next()
  reader.next()
  return text.toUpperCase() as Aggregate
}

function readName(reader: Reader): string | undefined {
  if (reader.takesWord('AS')) return reader.needsName()
  return reader.isName() ? reader.needsName() : undefined
}

/** `c.a.b` is called `b`, and the document itself as the query calls it. */
function nameOf(of: Expression, first: string): string | undefined {
  if (of.kind !== 'path') return undefined
  const last = of.path.length === 0 ? first : of.path.at(-1)
  return typeof last === 'string' ? last : undefined
}

function readFrom(reader: Reader, parser: ExpressionParser): void {
  reader.needsWord('FROM')
  if (reader.isSymbol('(')) throw reader.unsupported('A subquery')
  let alias = reader.needsName()
  if (reader.isWord('IN')) throw reader.unsupported('IN in FROM')
  if (reader.isSymbol('.') || reader.isSymbol('[')) throw reader.unsupported('A path in FROM')
  if (reader.takesWord('AS') || reader.isName()) alias = reader.needsName()
  if (reader.isWord('IN')) throw reader.unsupported('IN in FROM')
  if (reader.isWord('JOIN')) throw reader.unsupported('JOIN')
  if (reader.isSymbol(',')) throw reader.unsupported('A second collection in FROM')
  parser.nameDocument(alias)
}

function readOrders(reader: Reader, parser: ExpressionParser): Order[] {
  if (!reader.takesWord('ORDER')) return []
  if (reader.isWord('RANK')) throw reader.unsupported('ORDER BY RANK')
  reader.needsWord('BY')
  const orders: Order[] = []
  do {
    const by = parser.expression()
    if (by.kind !== 'path' || by.path.length === 0)
      throw reader.unsupported('ORDER BY anything but a path of the document')
    const isDescending = reader.takesWord('DESC')
    if (!isDescending) reader.takesWord('ASC')
    orders.push({ by, isDescending })
  } while (reader.takesSymbol(','))
  return orders
}

function readWindow(reader: Reader): { offset: Expression | undefined; limit: Expression | undefined } {
  if (!reader.takesWord('OFFSET')) {
    if (reader.isWord('LIMIT')) throw reader.unexpected()
    return { offset: undefined, limit: undefined }
  }
  const offset = readCount(reader)
  reader.needsWord('LIMIT')
  return { offset, limit: readCount(reader) }
}

/** A number or a parameter. */
function readCount(reader: Reader): Expression {
  const { kind, text } = reader.next()
  if (kind === 'parameter') return { kind: 'parameter', name: text }
  if (kind === 'number' && /^\d+$/.test(text)) return { kind: 'constant', value: Number(text) }
  throw reader.unexpected()
}
