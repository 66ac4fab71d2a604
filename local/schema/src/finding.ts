import type { Dialect } from './schema.ts'

export type Rule =
  | 'a release is recorded'
  | 'migrations can be applied'
  | 'a released migration stays as it was'
  | 'what the release before uses stays'
  | 'columns keep their types'
  | 'what the release before writes is enough'
  | 'both dialects have the same tables and columns'
  | 'what a service declares is there'

export interface Finding {
  readonly rule: Rule
  readonly service: string
  /** Undefined: both. */
  readonly dialect?: Dialect
  readonly what: string
  readonly mend: string
}

export const textOf = ({ rule, service, dialect, what, mend }: Finding): string =>
  `${service}${dialect ? `, ${dialect}` : ''}: ${what} (${rule})\n  ${mend}`
