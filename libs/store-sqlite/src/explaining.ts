import type { DatabaseSync } from 'node:sqlite'

/** For tests: what SQLite does to answer the statements of a service. */
export interface Explained {
  readonly sql: string
  /** As EXPLAIN QUERY PLAN tells them. */
  readonly steps: readonly string[]
}

/** Every statement that `prepares` prepares on a migrated database, with its plan. */
export function explained(database: DatabaseSync, prepares: (database: DatabaseSync) => void): Explained[] {
  const prepared: string[] = []
  const watching = new Proxy(database, {
    get(target, property) {
      const value = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        if (property === 'prepare') prepared.push(String(given[0]))
        return Reflect.apply(value, target, given)
      }
    },
  })
  prepares(watching)
  return prepared
    .filter((sql) => /^\s*(WITH|SELECT|UPDATE|DELETE|INSERT)/.test(sql) && !sql.includes('sqlite_schema'))
    .map((sql) => ({
      sql,
      steps: database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => String(detail)),
    }))
}

/** The steps that take longer the more rows a table has: scans, and sorts of what was found. */
export function growing({ sql, steps }: Explained): string[] {
  // From the oldest on, to a LIMIT.
  const isWalk = (step: string) =>
    /ORDER BY \w+ LIMIT/.test(sql) && (step.includes('COVERING INDEX') || sql.includes('ORDER BY rowid'))
  return steps
    .filter((step) => step.includes('TEMP B-TREE') || (step.startsWith('SCAN') && !isWalk(step)))
    .map((step) => `${step}: ${sql}`)
}

/** Indexes and primary keys that none of the statements goes by; the ledger of migrations aside. */
export function unused(database: DatabaseSync, statements: readonly Explained[]): string[] {
  const indexes = database
    .prepare(
      `SELECT t.name AS "table", t.wr AS isInOrder, i.name AS "index", i.origin
       FROM pragma_table_list AS t, pragma_index_list(t.name) AS i
       WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'migration' ORDER BY 1, 3`,
    )
    .all() as { table: string; isInOrder: number; index: string; origin: string }[]
  const steps = statements.flatMap(({ steps }) => steps).map((step) => `${step} `)
  return indexes
    .filter(({ table, isInOrder, index, origin }) => {
      const isKey = isInOrder === 1 && origin === 'pk'
      const used = isKey ? `${table} USING PRIMARY KEY ` : `INDEX ${index} `
      return !steps.some((step) => step.includes(used))
    })
    .map(({ table, index, origin }) => (origin === 'pk' ? `${table}: primary key` : `${table}: ${index}`))
}
