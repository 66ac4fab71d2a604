import type { Json, Value } from '../engine/json.ts'
import { isObject } from '../engine/json.ts'
import { isEqual, typeOf } from './compare.ts'
import { notSupported, queryError } from './token.ts'

interface Definition {
  /** Least and most parameters. */
  readonly takes: readonly [number, number]
  readonly run: (...values: Value[]) => Value
}

const ofType = (...types: string[]): Definition => ({ takes: [1, 1], run: (value) => types.includes(typeOf(value)) })

/** A function of two strings and, perhaps, whether case matters not. Undefined for anything but strings. */
const ofStrings = (run: (text: string, other: string) => boolean): Definition => ({
  takes: [2, 3],
  run: (text, other, ignoresCase = false) => {
    if (typeof text !== 'string' || typeof other !== 'string' || typeof ignoresCase !== 'boolean') return undefined
    return ignoresCase ? run(text.toLowerCase(), other.toLowerCase()) : run(text, other)
  },
})

const ofText = (run: (text: string) => Value): Definition => ({
  takes: [1, 1],
  run: (text) => (typeof text === 'string' ? run(text) : undefined),
})

const ofNumber = (run: (number: number) => number): Definition => ({
  takes: [1, 1],
  run: (number) => (typeof number === 'number' ? run(number) : undefined),
})

function arrayContains(array: Value, wanted: Value, isPartial: Value = false): Value {
  if (!Array.isArray(array) || wanted === undefined || typeof isPartial !== 'boolean') return undefined
  return array.some((item) => (isPartial ? holds(item, wanted) : isEqual(item, wanted)))
}

/** Whether an object has at least these properties, in objects within it too. */
function holds(item: Json, wanted: Json): boolean {
  if (!isObject(item) || !isObject(wanted)) return isEqual(item, wanted)
  return Object.entries(wanted).every(([name, value]) => Object.hasOwn(item, name) && holds(item[name] as Json, value))
}

function concat(...values: Value[]): Value {
  return values.every((value) => typeof value === 'string') ? values.join('') : undefined
}

const functions: Record<string, Definition> = {
  IS_DEFINED: { takes: [1, 1], run: (value) => value !== undefined },
  IS_NULL: ofType('null'),
  IS_BOOL: ofType('boolean'),
  IS_NUMBER: ofType('number'),
  IS_STRING: ofType('string'),
  IS_ARRAY: ofType('array'),
  IS_OBJECT: ofType('object'),
  IS_PRIMITIVE: ofType('null', 'boolean', 'number', 'string'),
  ARRAY_CONTAINS: { takes: [2, 3], run: arrayContains },
  ARRAY_LENGTH: { takes: [1, 1], run: (array) => (Array.isArray(array) ? array.length : undefined) },
  STARTSWITH: ofStrings((text, start) => text.startsWith(start)),
  ENDSWITH: ofStrings((text, end) => text.endsWith(end)),
  CONTAINS: ofStrings((text, part) => text.includes(part)),
  STRINGEQUALS: ofStrings((text, other) => text === other),
  LOWER: ofText((text) => text.toLowerCase()),
  UPPER: ofText((text) => text.toUpperCase()),
  LENGTH: ofText((text) => text.length),
  CONCAT: { takes: [2, 100], run: concat },
  ABS: ofNumber(Math.abs),
  FLOOR: ofNumber(Math.floor),
  CEILING: ofNumber(Math.ceil),
}

const aggregates = new Set(['COUNT', 'SUM', 'MIN', 'MAX', 'AVG'])

/** The function's name as it is kept. Throws a Refusal when there is none, or not with so many parameters. */
export function checkCall(name: string, count: number, start: number, end: number): string {
  const known = name.toUpperCase()
  if (aggregates.has(known)) throw notSupported(`The aggregate ${known} within an expression`, start, end)
  if (!Object.hasOwn(functions, known)) throw notSupported(`The function ${known}`, start, end)
  const [least, most] = (functions[known] as Definition).takes
  if (count < least || count > most)
    throw queryError(
      'SC2050',
      `The function ${known} takes ${least === most ? least : `${least} to ${most}`} parameters, not ${count}.`,
      start,
      end,
    )
  return known
}

export function call(name: string, values: readonly Value[]): Value {
  return (functions[name] as Definition).run(...values)
}
