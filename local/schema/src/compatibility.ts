import { nameOf } from '@flotilla/decider/migration-set'
import type { Finding, Rule } from './finding.ts'
import type { Released } from './released.ts'
import type { Change, Dialect, Schema, Stage } from './schema.ts'

type Found = Omit<Finding, 'service'>

/** What would break the replicas of the release before, by the migration that does it. One finding for each table or column. */
export function incompatibilities(dialect: Dialect, released: Released, stages: readonly Stage[]): Found[] {
  const before = stages[0]?.schema ?? new Map()
  const found = new Map<string, Found>()
  for (const { migration, schema, changes = [] } of stages) {
    const where = migration ? `migration ${nameOf(migration)}` : `the migrations of release ${released.release}`
    const judge = new Judgement(dialect, released, where)
    for (const each of [...judge.changes(changes), ...judge.schema(before, schema)]) {
      if (!found.has(each.key)) found.set(each.key, each.finding)
    }
  }
  return [...found.values()]
}

interface Judged {
  readonly key: string
  readonly finding: Found
}

class Judgement {
  readonly #dialect: Dialect
  readonly #released: Released
  readonly #where: string

  constructor(dialect: Dialect, released: Released, where: string) {
    this.#dialect = dialect
    this.#released = released
    this.#where = where
  }

  /** Statements on what the release before uses. */
  changes(changes: readonly Change[]): Judged[] {
    return changes.flatMap(({ says, table, column }) => {
      const columns = this.#released.tables[table]
      if (columns === undefined || (column !== undefined && !columns.includes(column))) return []
      if (says === 'ALTER COLUMN') return [this.#retyped(table, column ?? '', 'altered (ALTER COLUMN)')]
      return [this.#gone(table, column, says === 'sp_rename' ? 'renamed (sp_rename)' : `dropped (${says})`)]
    })
  }

  /** What is there, against what the release before was written for. */
  schema(before: Schema, after: Schema): Judged[] {
    return Object.entries(this.#released.tables).flatMap(([table, used]) => {
      const columns = after.get(table)
      if (columns === undefined) return [this.#gone(table, undefined, 'not there any more')]
      const kept = used.flatMap((column) => {
        const [was, is] = [before.get(table)?.get(column), columns.get(column)]
        if (is === undefined) return [this.#gone(table, column, 'not there any more')]
        if (was !== undefined && was.type !== is.type)
          return [this.#retyped(table, column, `${is.type} and was ${was.type}`)]
        if (was?.isNullable && !is.isNullable) return [this.#retyped(table, column, 'NOT NULL and was not')]
        return []
      })
      const unknown = [...columns].filter(
        ([name, { isNullable, isFilled }]) => !used.includes(name) && !isNullable && !isFilled,
      )
      return [...kept, ...unknown.map(([column]) => this.#unfilled(table, column))]
    })
  }

  #gone(table: string, column: string | undefined, how: string): Judged {
    const mend =
      'keep it until a release that does not use it any more is the one before, then drop it (contract). Instead of a new name, add a second one and fill both'
    return this.#judged('what the release before uses stays', table, column, how, mend)
  }

  #retyped(table: string, column: string, how: string): Judged {
    const mend = 'add a column of the new type, write both, fill it in, and read it; drop the old one a release later'
    return this.#judged('columns keep their types', table, column, how, mend)
  }

  #unfilled(table: string, column: string): Judged {
    const mend = 'give it a DEFAULT, or let it be NULL until every release writes it'
    const how = 'NOT NULL without a default, and unknown to who inserts rows'
    return this.#judged('what the release before writes is enough', table, column, how, mend)
  }

  #judged(rule: Rule, table: string, column: string | undefined, how: string, mend: string): Judged {
    const name = column === undefined ? table : `${table}.${column}`
    const uses = `release ${this.#released.release} uses ${column === undefined ? 'it' : table}`
    const finding = { rule, dialect: this.#dialect, what: `${this.#where}: ${name} is ${how}, and ${uses}`, mend }
    return { key: `${this.#dialect} ${name}`, finding }
  }
}
