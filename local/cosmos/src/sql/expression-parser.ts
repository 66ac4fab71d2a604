import { checkCall } from './functions.ts'
import type { Calculation, Comparison, Expression } from './query.ts'
import type { Reader } from './reader.ts'
import { queryError } from './token.ts'

/** Reads expressions. `alias` is the document's name in the query. Loosest first: ternary, ??, OR, AND, NOT, comparisons, sums, products, unary. */
export class ExpressionParser {
  readonly #reader: Reader
  #alias: string | undefined
  #depth = 0

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** Names are only checked when the FROM clause, which comes after them, has been read. */
  #names: { name: string; start: number; end: number }[] = []

  nameDocument(alias: string): void {
    this.#alias = alias
    for (const { name, start, end } of this.#names) this.#checkAlias(name, start, end)
  }

  expression(): Expression {
    this.#depth += 1
    if (this.#depth > 100) throw this.#reader.unsupported('An expression nested more than 100 deep')
    const when = this.#coalesce()
    this.#depth -= 1
    if (!this.#reader.takesSymbol('?')) return when
    const yes = this.expression()
    this.#reader.needsSymbol(':')
    return { kind: 'choose', when, yes, no: this.expression() }
  }

  #coalesce(): Expression {
    let left = this.#or()
    while (this.#reader.takesSymbol('??')) left = { kind: 'calculate', operator: '??', left, right: this.#or() }
    return left
  }

  #or(): Expression {
    let left = this.#and()
    while (this.#reader.takesWord('OR')) left = { kind: 'or', left, right: this.#and() }
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.#reader.takesWord('AND')) left = { kind: 'and', left, right: this.#not() }
    return left
  }

  #not(): Expression {
    let isNegated = false
    while (this.#reader.takesWord('NOT')) isNegated = !isNegated
    const of = this.#comparison()
    return isNegated ? { kind: 'not', of } : of
  }

  #comparison(): Expression {
    let left = this.#calculation(0)
    for (;;) {
      const { kind, text } = this.#reader.peek()
      if (kind === 'symbol' && /^(=|!=|<>|<|<=|>|>=)$/.test(text)) {
        this.#reader.next()
        const operator = (text === '<>' ? '!=' : text) as Comparison
        left = { kind: 'compare', operator, left, right: this.#calculation(0) }
        continue
      }
      const found = this.#membership(left)
      if (!found) return left
      left = found
    }
  }

  /** `[NOT] IN (...)`, `[NOT] BETWEEN a AND b`. */
  #membership(of: Expression): Expression | undefined {
    const reader = this.#reader
    const isNegated = reader.isWord('NOT')
    const ahead = isNegated ? 1 : 0
    if (reader.isWord('LIKE', ahead)) throw reader.unsupported('LIKE')
    if (!reader.isWord('IN', ahead) && !reader.isWord('BETWEEN', ahead)) return undefined
    if (isNegated) reader.next()
    const found: Expression = reader.takesWord('IN') ? { kind: 'in', of, list: this.#list() } : this.#between(of)
    return isNegated ? { kind: 'not', of: found } : found
  }

  #between(of: Expression): Expression {
    this.#reader.needsWord('BETWEEN')
    const low = this.#calculation(0)
    this.#reader.needsWord('AND')
    return { kind: 'between', of, low, high: this.#calculation(0) }
  }

  #list(): Expression[] {
    this.#reader.needsSymbol('(')
    if (this.#reader.isWord('SELECT')) throw this.#reader.unsupported('A subquery')
    const items = [this.expression()]
    while (this.#reader.takesSymbol(',')) items.push(this.expression())
    this.#reader.needsSymbol(')')
    return items
  }

  #calculation(level: number): Expression {
    const operators = [['||'], ['+', '-'], ['*', '/', '%']][level]
    if (!operators) return this.#unary()
    let left = this.#calculation(level + 1)
    for (;;) {
      const { kind, text } = this.#reader.peek()
      if (kind === 'symbol' && /^[&|^~]$/.test(text)) throw this.#reader.unsupported(`The bitwise operator '${text}'`)
      if (kind !== 'symbol' || !operators.includes(text)) return left
      this.#reader.next()
      left = { kind: 'calculate', operator: text as Calculation, left, right: this.#calculation(level + 1) }
    }
  }

  #unary(): Expression {
    if (this.#reader.takesSymbol('-')) return { kind: 'minus', of: this.#unary() }
    if (this.#reader.takesSymbol('+')) return { kind: 'plus', of: this.#unary() }
    if (this.#reader.isSymbol('~')) throw this.#reader.unsupported("The bitwise operator '~'")
    let of = this.#primary()
    for (;;) {
      if (this.#reader.takesSymbol('.')) of = member(of, { kind: 'constant', value: this.#propertyName() })
      else if (this.#reader.takesSymbol('[')) {
        of = member(of, this.expression())
        this.#reader.needsSymbol(']')
      } else return of
    }
  }

  /** After a dot keywords are names too. */
  #propertyName(): string {
    const { kind, text } = this.#reader.peek()
    if (kind !== 'name') throw this.#reader.unexpected()
    this.#reader.next()
    return text
  }

  #primary(): Expression {
    const reader = this.#reader
    const { kind, text, start, end } = reader.peek()
    if (kind === 'number') return this.#constant(Number(text))
    if (kind === 'string') return this.#constant(text)
    if (kind === 'parameter') {
      reader.next()
      return { kind: 'parameter', name: text }
    }
    if (reader.takesSymbol('(')) {
      if (reader.isWord('SELECT')) throw reader.unsupported('A subquery')
      const inner = this.expression()
      reader.needsSymbol(')')
      return inner
    }
    if (reader.isSymbol('[')) return this.#array()
    if (reader.isSymbol('{')) return this.#object()
    if (reader.isWord('TRUE')) return this.#constant(true)
    if (reader.isWord('FALSE')) return this.#constant(false)
    if (reader.isWord('NULL')) return this.#constant(null)
    if (reader.isWord('UNDEFINED')) return this.#constant(undefined)
    if (reader.isWord('EXISTS') || (reader.isWord('ARRAY') && reader.isSymbol('(', 1)))
      throw reader.unsupported('A subquery')
    if (reader.isWord('UDF')) throw reader.unsupported('A user defined function')
    const name = reader.needsName()
    if (reader.isSymbol('(')) return this.#call(name, start, end)
    if (this.#alias === undefined) this.#names.push({ name, start, end })
    else this.#checkAlias(name, start, end)
    return { kind: 'path', path: [] }
  }

  #constant(value: string | number | boolean | null | undefined): Expression {
    this.#reader.next()
    return { kind: 'constant', value }
  }

  #call(name: string, start: number, end: number): Expression {
    this.#reader.needsSymbol('(')
    const parameters: Expression[] = []
    if (!this.#reader.isSymbol(')')) {
      do parameters.push(this.expression())
      while (this.#reader.takesSymbol(','))
    }
    this.#reader.needsSymbol(')')
    return { kind: 'call', name: checkCall(name, parameters.length, start, end), parameters }
  }

  #array(): Expression {
    this.#reader.needsSymbol('[')
    const items: Expression[] = []
    if (!this.#reader.isSymbol(']')) {
      do items.push(this.expression())
      while (this.#reader.takesSymbol(','))
    }
    this.#reader.needsSymbol(']')
    return { kind: 'array', items }
  }

  #object(): Expression {
    this.#reader.needsSymbol('{')
    const properties: [string, Expression][] = []
    if (!this.#reader.isSymbol('}')) {
      do properties.push(this.#property())
      while (this.#reader.takesSymbol(','))
    }
    this.#reader.needsSymbol('}')
    return { kind: 'object', properties }
  }

  #property(): [string, Expression] {
    const { kind, text } = this.#reader.next()
    if (kind !== 'name' && kind !== 'string') throw this.#reader.unexpected()
    this.#reader.needsSymbol(':')
    return [text, this.expression()]
  }

  #checkAlias(name: string, start: number, end: number): void {
    if (name !== this.#alias) throw queryError('SC2001', `Identifier '${name}' could not be resolved.`, start, end)
  }
}

function member(of: Expression, name: Expression): Expression {
  const value = name.kind === 'constant' ? name.value : undefined
  if (of.kind === 'path' && (typeof value === 'string' || typeof value === 'number'))
    return { kind: 'path', path: [...of.path, value] }
  return { kind: 'member', of, name }
}
