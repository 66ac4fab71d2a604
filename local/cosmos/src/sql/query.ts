import type { Json } from '../engine/json.ts'

/** An expression over one document. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: Json | undefined }
  /** A parameter, by its name with `@`. */
  | { readonly kind: 'parameter'; readonly name: string }
  /** The document, or what is at a path in it. */
  | { readonly kind: 'path'; readonly path: readonly (string | number)[] }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not' | 'minus' | 'plus'; readonly of: Expression }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'calculate'
      readonly operator: Calculation
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'in'; readonly of: Expression; readonly list: readonly Expression[] }
  | { readonly kind: 'between'; readonly of: Expression; readonly low: Expression; readonly high: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly parameters: readonly Expression[] }
  | { readonly kind: 'choose'; readonly when: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | { readonly kind: 'object'; readonly properties: readonly (readonly [string, Expression])[] }

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>='
export type Calculation = '+' | '-' | '*' | '/' | '%' | '||' | '??'

export type Aggregate = 'COUNT' | 'SUM' | 'MIN' | 'MAX' | 'AVG'

/** What a query returns for each document, or for all of them. */
export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'value'; readonly of: Expression }
  | { readonly kind: 'fields'; readonly fields: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'aggregates'; readonly isValue: boolean; readonly of: readonly AggregateField[] }

export interface AggregateField {
  readonly name: string
  readonly aggregate: Aggregate
  readonly of: Expression
}

export interface Order {
  readonly by: Expression
  readonly isDescending: boolean
}

export interface Query {
  readonly selection: Selection
  readonly isDistinct: boolean
  readonly top: Expression | undefined
  readonly where: Expression | undefined
  readonly orders: readonly Order[]
  readonly offset: Expression | undefined
  readonly limit: Expression | undefined
}
