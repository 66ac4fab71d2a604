import { atPath, type Json, type JsonObject, property, setProperty, type Value } from '../engine/json.ts'
import { badRequest } from '../engine/refusal.ts'
import { compare } from './compare.ts'
import { call } from './functions.ts'
import type { Calculation, Expression } from './query.ts'

export type Parameters = ReadonlyMap<string, Json>

/** What an expression comes to for one document. Throws a Refusal for a parameter that was not given. */
export function evaluate(expression: Expression, document: Json, parameters: Parameters): Value {
  const of = (each: Expression) => evaluate(each, document, parameters)
  switch (expression.kind) {
    case 'constant':
      return expression.value
    case 'parameter':
      return parameterValue(expression.name, parameters)
    case 'path':
      return atPath(document, expression.path)
    case 'member': {
      const name = of(expression.name)
      return typeof name === 'string' || typeof name === 'number' ? property(of(expression.of), name) : undefined
    }
    case 'and':
      return both(of(expression.left), () => of(expression.right), false)
    case 'or':
      return both(of(expression.left), () => of(expression.right), true)
    case 'not': {
      const value = of(expression.of)
      return typeof value === 'boolean' ? !value : undefined
    }
    case 'minus':
    case 'plus': {
      const value = of(expression.of)
      if (typeof value !== 'number') return undefined
      return expression.kind === 'minus' ? -value : value
    }
    case 'compare':
      return compare(expression.operator, of(expression.left), of(expression.right))
    case 'calculate':
      return calculate(expression.operator, of(expression.left), () => of(expression.right))
    case 'in':
      return isAmong(of(expression.of), expression.list.map(of))
    case 'between': {
      const value = of(expression.of)
      return both(compare('>=', value, of(expression.low)), () => compare('<=', value, of(expression.high)), false)
    }
    case 'call':
      return call(expression.name, expression.parameters.map(of))
    case 'choose':
      return of(of(expression.when) === true ? expression.yes : expression.no)
    case 'array':
      return expression.items.map(of).filter((value) => value !== undefined)
    case 'object':
      return build(expression.properties.map(([name, value]) => [name, of(value)]))
  }
}

export function parameterValue(name: string, parameters: Parameters): Json {
  const value = parameters.get(name)
  if (value === undefined) throw badRequest(`The query names the parameter ${name}, and no value is given for it.`)
  return value
}

/** An object of what is defined. */
export function build(fields: readonly (readonly [string, Value])[]): JsonObject {
  const object: JsonObject = {}
  for (const [name, value] of fields) if (value !== undefined) setProperty(object, name, value)
  return object
}

/** AND, which `false` decides, or OR, which `true` decides; anything but a boolean is undefined. */
function both(left: Value, readRight: () => Value, decisive: boolean): boolean | undefined {
  if (left === decisive) return decisive
  const right = readRight()
  if (right === decisive) return decisive
  return typeof left === 'boolean' && typeof right === 'boolean' ? !decisive : undefined
}

function isAmong(value: Value, list: readonly Value[]): boolean | undefined {
  if (value === undefined) return undefined
  return list.some((each) => compare('=', value, each) === true)
}

function calculate(operator: Calculation, left: Value, readRight: () => Value): Value {
  if (operator === '??') return left === undefined ? readRight() : left
  const right = readRight()
  if (operator === '||') return typeof left === 'string' && typeof right === 'string' ? left + right : undefined
  if (typeof left !== 'number' || typeof right !== 'number') return undefined
  const result = { '+': left + right, '-': left - right, '*': left * right, '/': left / right, '%': left % right }[
    operator
  ]
  return Number.isFinite(result) ? result : undefined
}
