import type { Token } from '@flotilla/store-azure-sql/tsql'
import type { Column } from './schema.ts'

/** Words that begin another statement, for those that end without a semicolon. */
const beginnings = new Set(
  `alter begin create declare delete drop else end exec execute grant if insert merge print return revoke select throw truncate
   update while`.split(/\s+/),
)

/** Where the statement ends that goes on at `at`. */
export function endOf(tokens: readonly Token[], at: number): number {
  let depth = 0
  for (let index = at; index < tokens.length; index += 1) {
    const key = tokens[index]?.key ?? ''
    if (key === '(') depth += 1
    if (key === ')') depth -= 1
    const before = tokens[index - 1]?.key
    // ON DELETE is part of a foreign key, ALTER COLUMN and DROP TABLE IF EXISTS of what was begun.
    const isPart = index === at || before === 'on' || (key === 'if' && tokens[index + 1]?.key === 'exists')
    if (depth < 0 || (depth === 0 && (key === ';' || (beginnings.has(key) && !isPart)))) return index
  }
  return tokens.length
}

/** What stands between commas, up to the bracket that closes or the end. */
export function itemsIn(tokens: readonly Token[], at: number): Token[][] {
  const items: Token[][] = []
  let item: Token[] = []
  let depth = 0
  for (const token of tokens.slice(at)) {
    if (token.key === '(') depth += 1
    if (token.key === ')') depth -= 1
    if (depth < 0) break
    if (depth === 0 && token.key === ',') {
      items.push(item)
      item = []
    } else item.push(token)
  }
  return item.length > 0 ? [...items, item] : items
}

/** A name of one or several parts. */
export function nameAt(tokens: readonly Token[], at: number): { name: string | undefined; next: number } {
  const parts: string[] = []
  let next = at
  while (tokens[next]?.kind === 'word') {
    parts.push((tokens[next] as Token).text.toLowerCase())
    next += 1
    if (tokens[next]?.key !== '.') break
    next += 1
  }
  return { name: parts.length === 0 ? undefined : inSchema(parts), next }
}

/** Tables are in dbo unless they say otherwise. */
const inSchema = (parts: readonly string[]): string =>
  (parts.at(-2) === undefined || parts.at(-2) === 'dbo' ? parts.slice(-1) : parts.slice(-2)).join('.')

/** The parts of a name as sp_rename takes it. */
export function partsOf(text: string): string[] {
  const parts = text.match(/\[[^\]]*\]|[^.]+/g) ?? []
  return parts.map((part) => part.replace(/^\[(.*)\]$/, '$1').toLowerCase())
}

const noColumns = new Set(['constraint', 'primary', 'unique', 'check', 'foreign', 'index', 'period', 'default'])

/** A column of CREATE TABLE, ADD or ALTER COLUMN by its name; undefined for a constraint. */
export function columnIn([name, ...rest]: readonly Token[]): readonly [string, Column] | undefined {
  if (name?.kind !== 'word' || noColumns.has(name.key)) return undefined
  const key = name.text.toLowerCase()
  if (rest[0]?.key === 'as') return [key, { type: 'computed', isNullable: true, isFilled: true }]
  const type = typeOf(rest)
  const outside = keysOutside(rest)
  const says = (...keys: string[]) => ` ${outside.join(' ')} `.includes(` ${keys.join(' ')} `)
  const isFilled =
    says('default') || says('identity') || says('generated', 'always') || /^(rowversion|timestamp)$/.test(type)
  return [key, { type, isNullable: !(says('not', 'null') || says('primary', 'key')), isFilled }]
}

/** `nvarchar(200)`. */
function typeOf(rest: readonly Token[]): string {
  const { name = '', next } = nameAt(rest, 0)
  if (rest[next]?.key !== '(') return name
  const sizes = itemsIn(rest, next + 1).map((item) => item.map(({ key }) => key).join(''))
  return `${name}(${sizes.join(',')})`
}

/** Of what stands in no brackets. */
function keysOutside(tokens: readonly Token[]): string[] {
  let depth = 0
  return tokens.flatMap(({ key }) => {
    if (key === ')') depth -= 1
    const isOutside = depth === 0
    if (key === '(') depth += 1
    return isOutside && key !== '(' && key !== ')' ? [key] : []
  })
}

/** The column that `CONSTRAINT … DEFAULT … FOR column` fills from now on. */
export function filledBy(item: readonly Token[]): string | undefined {
  const at = item.findLastIndex(({ key }) => key === 'for')
  return item.some(({ key }) => key === 'default') && at > 0 ? item[at + 1]?.text.toLowerCase() : undefined
}

/** The columns among the items of a list. */
export const columnsOf = (items: readonly Token[][]): (readonly [string, Column])[] =>
  items.map(columnIn).filter((column) => column !== undefined)
