import { isDeepStrictEqual } from 'node:util'
import type { Json, Value } from '../engine/json.ts'
import type { Comparison } from './query.ts'

/** In the order in which Cosmos DB sorts them. */
const types = ['undefined', 'null', 'boolean', 'number', 'string', 'array', 'object'] as const

export function typeOf(value: Value): (typeof types)[number] {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value as 'undefined' | 'boolean' | 'number' | 'string' | 'object'
}

/** By code points, as SQLite does; JavaScript's own order differs beyond the basic plane. */
function compareStrings(left: string, right: string): number {
  if (left === right) return 0
  const isPlain = !/[\ud800-\udfff]/.test(left) && !/[\ud800-\udfff]/.test(right)
  if (isPlain) return left < right ? -1 : 1
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

/** Two values of one type that has an order. */
function compareAlike(left: Value, right: Value): number {
  if (typeof left === 'string') return compareStrings(left, right as string)
  if (typeof left === 'number' || typeof left === 'boolean') return Number(left) - Number(right) || 0
  return 0
}

/** For ORDER BY: values of every type, arrays and objects as equal among themselves. */
export function compareForSorting(left: Value, right: Value): number {
  const difference = types.indexOf(typeOf(left)) - types.indexOf(typeOf(right))
  return difference || compareAlike(left, right)
}

export function isEqual(left: Json, right: Json): boolean {
  if (typeof left !== 'object' || left === null) return left === right
  return isDeepStrictEqual(left, right)
}

/**
 * What a comparison comes to, as Cosmos DB documents it: undefined between different types, with undefined, and for the order
 * of arrays and objects. Only null may be asked of any type: `x != null` is true for what is there and not null.
 */
export function compare(operator: Comparison, left: Value, right: Value): boolean | undefined {
  if (left === undefined || right === undefined) return undefined
  const isAboutEquality = operator === '=' || operator === '!='
  const [type, other] = [typeOf(left), typeOf(right)]
  if (type !== other) {
    if (isAboutEquality && (left === null || right === null)) return operator === '!='
    return undefined
  }
  if (isAboutEquality) return isEqual(left, right) === (operator === '=')
  if (type === 'array' || type === 'object') return undefined
  const difference = compareAlike(left, right)
  if (operator === '<') return difference < 0
  if (operator === '<=') return difference <= 0
  if (operator === '>') return difference > 0
  return difference >= 0
}
