import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MigrationRefused } from '@flotilla/decider/migration-set'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite, query } from '../src/database.ts'
import { type MigrateOptions, migrate } from '../src/migrations.ts'
import { temporaryFolder } from './fixture.ts'

/** A service's folder of migrations, and its database. */
function service(files: Record<string, string>) {
  const { folder, remove } = temporaryFolder()
  onTestFinished(remove)
  const migrations = join(folder, 'migrations')
  mkdirSync(migrations)
  const write = (name: string, sql: string) => writeFileSync(join(migrations, name), sql)
  for (const [name, sql] of Object.entries(files)) write(name, sql)
  const file = join(folder, 'data', 'deep', 'service.db')
  const run = (options: Partial<MigrateOptions> = {}) => migrate({ file, folders: { things: migrations }, ...options })
  const tables = () => {
    const database = openSqlite({ file, readonly: true })
    const names = query<{ name: string }>(database, "SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    database.close()
    return names.map(({ name }) => name)
  }
  return { migrations, write, run, tables, file }
}

const first = { '001_things.sql': 'CREATE TABLE thing (id INTEGER PRIMARY KEY); CREATE TABLE other (id INTEGER);' }

test('what is missing is applied in order, once, after the technical tables', () => {
  const { run, write, tables } = service(first)
  expect(run()).toEqual(['store/001_technical_tables.sql', 'things/001_things.sql'])
  expect(run()).toEqual([])
  write('002_more.sql', 'ALTER TABLE thing ADD COLUMN name TEXT')
  write('003_again.sql', 'ALTER TABLE thing RENAME COLUMN name TO title')
  expect(run()).toEqual(['things/002_more.sql', 'things/003_again.sql'])
  expect(tables()).toEqual(expect.arrayContaining(['thing', 'other', 'outbox', 'due_work', 'inbox', 'history']))
})

test('a database in memory is migrated through its connection', () => {
  const { migrations } = service(first)
  const database = openSqlite({ file: ':memory:' })
  onTestFinished(() => database.close())
  expect(migrate({ file: database, folders: { things: migrations } })).toHaveLength(2)
})

test('a migration that was changed after it was applied is refused by name, and nothing is applied', () => {
  const { run, write, tables } = service(first)
  run()
  write('001_things.sql', `${first['001_things.sql']} -- harmless?`)
  write('002_more.sql', 'CREATE TABLE more (id INTEGER)')
  expect(run).toThrow(MigrationRefused)
  expect(run).toThrow('migration things/001_things.sql was changed after it was applied')
  expect(tables()).not.toContain('more')
})

test('other line ends are no change', () => {
  const sql = 'CREATE TABLE thing (\n  id INTEGER\n);\n'
  const { run, write } = service({ '001_things.sql': sql })
  run()
  write('001_things.sql', sql.replaceAll('\n', '\r\n'))
  expect(run()).toEqual([])
})

test('an applied migration that is gone or renamed is refused by name', () => {
  const { run, migrations, write } = service(first)
  run()
  renameSync(join(migrations, '001_things.sql'), join(migrations, '001_stuff.sql'))
  expect(run).toThrow('migration things/001_things.sql was applied to this database, but the file is missing')
  rmSync(join(migrations, '001_stuff.sql'))
  expect(run).toThrow('things/001_things.sql')
  write('001_things.sql', first['001_things.sql'])
  expect(run()).toEqual([])
})

test.for([
  ['a gap', { '001_a.sql': '', '003_c.sql': '' }, 'things/003_c.sql should have the number 002'],
  ['a number twice', { '001_a.sql': '', '001_b.sql': '' }, 'things/001_b.sql should have the number 002'],
  ['another name', { 'things.sql': '' }, 'things/things.sql is not named NNN_name.sql'],
] as const)('a set with %s is refused', ([, files, message]) => {
  expect(service(files).run).toThrow(message)
})

test('a migration that fails is named, and nothing of it is kept', () => {
  const { run, tables, write } = service({ '001_half.sql': 'CREATE TABLE half (id INTEGER); CREATE TABL other;' })
  expect(run).toThrow(/migration things\/001_half.sql failed, and nothing of it was kept: .*syntax error/)
  expect(tables()).not.toContain('half')
  write('001_half.sql', 'CREATE TABLE half (id INTEGER)')
  expect(run()).toEqual(['things/001_half.sql'])
})

test('a migration that ends its transaction itself is refused', () => {
  expect(service({ '001_sly.sql': 'CREATE TABLE sly (id INTEGER); COMMIT;' }).run).toThrow(
    'things/001_sly.sql must not end its transaction itself',
  )
})

test('each migration is told as soon as it is kept, though a later one fails', () => {
  const told: string[] = []
  const { run } = service({ ...first, '002_wrong.sql': 'CREATE TABL other' })
  expect(() => run({ onApplied: (name) => told.push(name) })).toThrow('things/002_wrong.sql failed')
  expect(told).toEqual(['store/001_technical_tables.sql', 'things/001_things.sql'])
})

test('a release that was rolled back to may find later migrations when it says so, but no changed ones', () => {
  const { run, write, migrations } = service({ ...first, '002_more.sql': 'CREATE TABLE more (id INTEGER)' })
  run()
  rmSync(join(migrations, '002_more.sql'))
  expect(run).toThrow('things/002_more.sql was applied to this database, but the file is missing')
  expect(run({ mayBeAhead: true })).toEqual([])
  write('001_things.sql', 'CREATE TABLE thing (id INTEGER)')
  expect(() => run({ mayBeAhead: true })).toThrow('things/001_things.sql was changed after it was applied')
})
