import type { DatabaseSync } from 'node:sqlite'
import { systemClock } from '@flotilla/decider/clock'
import { type ContractRow, contractTables } from '@flotilla/decider/contract-domain'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from '../src/database.ts'
import { migrate } from '../src/migrations.ts'
import { createSqliteStore } from '../src/store.ts'
import { contractMigrations } from './fixture.ts'

/** Every statement the store prepares, with the plan SQLite has for it. */
function plans(): { sql: string; steps: string[] }[] {
  const database = openSqlite({ file: ':memory:' })
  onTestFinished(() => database.close())
  migrate({ file: database, folders: { contract: contractMigrations } })
  const statements: string[] = []
  const watching = new Proxy(database, {
    get(target, property) {
      const value = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        if (property === 'prepare') statements.push(String(given[0]))
        return Reflect.apply(value, target, given)
      }
    },
  }) as DatabaseSync
  createSqliteStore<ContractRow>({ database: watching, tables: contractTables, clock: systemClock })
  return statements
    .filter((sql) => /^(SELECT|UPDATE|DELETE|INSERT)/.test(sql) && !sql.includes('sqlite_schema'))
    .map((sql) => ({
      sql,
      steps: database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => String(detail)),
    }))
}

test('no statement of the store sorts, or scans a table that grows', () => {
  const found = plans()
  expect(found.length).toBeGreaterThan(20)
  for (const { sql, steps } of found) {
    for (const step of steps) {
      expect(step, sql).not.toContain('TEMP B-TREE')
      // A walk from the oldest on that ends at its LIMIT.
      const walk = /ORDER BY \w+ LIMIT/.test(sql) && (step.includes('COVERING INDEX') || sql.includes('ORDER BY rowid'))
      if (!walk) expect(step, sql).not.toMatch(/^SCAN/)
    }
  }
})
