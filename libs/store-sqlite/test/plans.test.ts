import { systemClock } from '@flotilla/decider/clock'
import { type ContractRow, contractTables } from '@flotilla/decider/contract-domain'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite, query } from '../src/database.ts'
import { explained, growing, unused } from '../src/explaining.ts'
import { migrate } from '../src/migrations.ts'
import { createSqliteStore } from '../src/store.ts'
import { contractMigrations } from './fixture.ts'

function migrated() {
  const database = openSqlite({ file: ':memory:' })
  onTestFinished(() => database.close())
  migrate({ file: database, folders: { contract: contractMigrations } })
  return database
}

const storeOn = (database: ReturnType<typeof migrated>) =>
  createSqliteStore<ContractRow>({ database, tables: contractTables, clock: systemClock })

test('no statement of the store sorts, or scans a table that grows', () => {
  const found = explained(migrated(), storeOn)
  expect(found.length).toBeGreaterThan(20)
  expect(found.flatMap(growing)).toEqual([])
})

test('every index is gone by; history is read by services', () => {
  const database = migrated()
  expect(unused(database, explained(database, storeOn))).toEqual(['history: primary key'])
})

test.for([
  ['a scan', 'SELECT home FROM inbox WHERE at < 5', /^SCAN inbox/],
  ['a scan of an index', 'SELECT id FROM due_work WHERE visible_at < 5', /^SCAN due_work USING COVERING INDEX/],
  ['a scan for the oldest', 'SELECT home FROM history ORDER BY at LIMIT 1', /^SCAN history/],
  ['a sort', "SELECT id FROM outbox WHERE id > 'a' ORDER BY topic", /^USE TEMP B-TREE FOR ORDER BY/],
] as const)('%s would be found', ([, sql, step]) => {
  const found = explained(migrated(), (database) => query(database, sql))
  expect(found.flatMap(growing)).toContainEqual(expect.stringMatching(step))
})

test('an index that no statement goes by would be found', () => {
  const database = migrated()
  database.exec('CREATE INDEX outbox_by_topic ON outbox (topic)')
  expect(unused(database, explained(database, storeOn))).toContain('outbox: outbox_by_topic')
})
