import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MigrationRefused } from '@flotilla/decider/migration-set'
import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Interrupted, Refused } from '../src/failure.ts'
import { type MigrateOptions, migrate } from '../src/migrations.ts'
import { type FakeOptions, fakeDatabase } from './fake-database.ts'

/** A service's folder of migrations, and its database. */
function service(files: Record<string, string>, options: FakeOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-migrations-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const write = (name: string, sql: string) => writeFileSync(join(folder, name), sql)
  for (const [name, sql] of Object.entries(files)) write(name, sql)
  const remove = (name: string) => rmSync(join(folder, name))
  const fake = fakeDatabase(options)
  const run = (more: Partial<MigrateOptions> = {}) =>
    migrate({ database: fake.database, folders: { things: folder }, ...more })
  return { ...fake, run, write, remove }
}

const first = { '001_things.sql': 'CREATE TABLE thing (id int)' }

describe('what is missing', () => {
  test('is applied in order, once, after the technical tables', async () => {
    const { run, write, kept } = service({ ...first, '002_more.sql': 'CREATE TABLE more (id int)' })
    expect(await run()).toEqual(['store/001_technical_tables.sql', 'things/001_things.sql', 'things/002_more.sql'])
    expect(await run()).toEqual([])
    write('003_again.sql', 'ALTER TABLE more ADD label nvarchar(10) NULL')
    expect(await run()).toEqual(['things/003_again.sql'])
    expect(kept.filter((sql) => /thing|more/.test(sql))).toEqual([
      'CREATE TABLE thing (id int)',
      'CREATE TABLE more (id int)',
      'ALTER TABLE more ADD label nvarchar(10) NULL',
    ])
  })

  test('is applied each in one transaction under the lock, with the ledger read in it, as it is written', async () => {
    const { run, statements } = service(first)
    await run()
    const names = statements.map(({ name }) => name)
    expect(names.slice(names.lastIndexOf('lock the migrations'))).toEqual([
      'lock the migrations',
      'read the ledger',
      'migrate things/001_things.sql',
      'keep the migration',
    ])
    const lock = statements.find(({ name }) => name === 'lock the migrations')
    expect(lock?.sql).toMatch(/sp_getapplock .*N'flotilla-migrate'.*N'Exclusive'.*N'Transaction'/)
    const file = statements.find(({ name }) => name === 'migrate things/001_things.sql')
    expect(file).toMatchObject({ sql: first['001_things.sql'], timeout: 300_000, isRepeatable: false })
    expect(file?.values).toBeUndefined()
  })

  test('is told as soon as it is kept, though a later one fails', async () => {
    const onRun = ({ sql }: { sql: string }) => {
      if (sql === 'CREATE TABL other') throw new Refused(343, "Unknown object type 'TABL'", undefined)
    }
    const { run } = service({ ...first, '002_wrong.sql': 'CREATE TABL other' }, { onRun })
    const told: string[] = []
    await expect(run({ onApplied: (name) => told.push(name) })).rejects.toThrow('things/002_wrong.sql failed')
    expect(told).toEqual(['store/001_technical_tables.sql', 'things/001_things.sql'])
  })
})

describe('nothing is applied', () => {
  test('by a login whose names would not be those of dbo', async () => {
    const { run, kept } = service(first, { schema: 'guest' })
    await expect(run()).rejects.toThrow('the default schema of whoever migrates is guest: give it dbo: ALTER USER')
    expect(kept).toEqual([])
  })

  /** Runs once, changes what a release has, and runs again. */
  async function changed(change: (there: ReturnType<typeof service>) => void, more: Partial<MigrateOptions> = {}) {
    const there = service({ ...first, '002_more.sql': 'CREATE TABLE more (id int)' })
    await there.run()
    change(there)
    const before = there.ledger.length
    const failure: unknown = await there.run(more).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(there.ledger).toHaveLength(before)
    return failure
  }

  test('when a migration was changed after it was applied, even if others are missing', async () => {
    const failure = await changed(({ write }) => {
      write('001_things.sql', 'CREATE TABLE thing (id bigint)')
      write('003_new.sql', 'CREATE TABLE new (id int)')
    })
    expect(failure).toBeInstanceOf(MigrationRefused)
    expect((failure as Error).message).toBe(
      'migration things/001_things.sql was changed after it was applied: undo that, and add a new one',
    )
  })

  test('when an applied migration is gone, unless the release was rolled back to', async () => {
    const gone = ({ remove }: ReturnType<typeof service>) => remove('002_more.sql')
    expect(await changed(gone)).toMatchObject({
      message: 'migration things/002_more.sql was applied to this database, but the file is missing: bring it back',
    })
    expect(await changed(gone, { mayBeAhead: true })).toBeUndefined()
  })

  test('when the numbers of a set have a gap', async () => {
    const { run, statements } = service({ ...first, '003_c.sql': '' })
    await expect(run()).rejects.toThrow('things/003_c.sql should have the number 002')
    expect(statements).toEqual([])
  })

  test.for([
    ['GO', 'CREATE TABLE more (id int)\nGO\nCREATE VIEW all_more AS SELECT id FROM more', 'has GO on line 2'],
    ['GO 5', '\n  go 5 \n', 'has GO on line 2'],
    ['a transaction of its own', 'BEGIN TRAN; DELETE FROM thing; COMMIT', 'says BEGIN TRAN on line 1'],
    ['a save point', 'DELETE FROM thing;\nSAVE TRANSACTION there', 'says SAVE TRANSACTION on line 2'],
    ['an end of the transaction', 'DELETE FROM thing;\n\ncommit', 'says COMMIT on line 3'],
    ['a roll-back', 'IF 1 = 0 ROLLBACK', 'says ROLLBACK on line 1'],
  ] as const)('when a later file has %s: it is not one batch', async ([, sql, message]) => {
    const { run, statements } = service({ ...first, '002_more.sql': sql })
    await expect(run()).rejects.toThrow(MigrationRefused)
    await expect(run()).rejects.toThrow(`migration things/002_more.sql ${message}`)
    expect(statements).toEqual([])
  })
})

test('words that only look like the end of a batch are none', async () => {
  const sql = `-- GO
/* ROLLBACK /* of */
GO
*/ CREATE TABLE [commit] (go int, [rollback] int, note nvarchar(50) DEFAULT N'don''t
GO
COMMIT');
BEGIN
  UPDATE thing SET "commit" = 1
END`
  expect(await service({ ...first, '002_more.sql': sql }).run()).toHaveLength(3)
})

describe('a migration that fails', () => {
  const failing = (failure: Error) => ({
    onRun({ name }: { name: string }) {
      if (name === 'migrate things/001_things.sql') throw failure
    },
  })

  test('is named with what the server said, and nothing of it is kept', async () => {
    const { run, ledger, kept } = service(
      first,
      failing(new Refused(2714, "There is already an object 'thing'", undefined)),
    )
    await expect(run()).rejects.toThrow(MigrationRefused)
    await expect(run()).rejects.toThrow(
      "migration things/001_things.sql failed, and nothing of it was kept: SQL Server error 2714: There is already an object 'thing'",
    )
    expect(ledger.map(({ set }) => set)).toEqual(['store'])
    expect(kept).not.toContain(first['001_things.sql'])
  })

  test('because the server is away is no fault of the migration', async () => {
    const { run } = service(first, failing(new Unavailable('the server is away')))
    const failure = await run().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Unavailable)
    expect((failure as Error).message).toBe('migration things/001_things.sql was not applied: the server is away')
  })

  test('in the middle of the commit is told as not known, and is looked up by the next run', async () => {
    const { run } = service(first, failing(new Interrupted('the connection broke')))
    const failure = await run().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Interrupted)
    expect((failure as Error).message).toBe(
      'nobody knows whether migration things/001_things.sql was kept: the connection broke. Run it again, nothing is applied twice',
    )
  })
})

describe('of two runners at once', () => {
  test('one applies, and the other waits and applies nothing', async () => {
    const { run, kept } = service(first)
    const both = await Promise.all([run(), run()])
    expect(both.flat().toSorted()).toEqual(['store/001_technical_tables.sql', 'things/001_things.sql'])
    expect(kept.filter((sql) => sql === first['001_things.sql'])).toHaveLength(1)
  })

  test('the one that waits for too long names who holds the lock', async () => {
    const holder = { session_id: 57, host_name: 'job-1', program_name: 'flotilla', login_name: 'migrator' }
    const { run, statements } = service(first, { granted: -1, holders: () => [holder] })
    const failure = await run({ lockTimeout: 3_000 }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Unavailable)
    expect((failure as Error).message).toBe(
      'the lock of migrations was not granted within 3 s: session 57 (flotilla of migrator on job-1) holds it. Wait for its end, or end it (KILL)',
    )
    expect(statements[0]).toMatchObject({ timeout: 63_000, sql: expect.stringContaining('@LockTimeout = 3000') })
  })

  test('the one that may not see who holds the lock says so', async () => {
    const onRun = ({ sql }: { sql: string }) => {
      if (sql.includes('dm_tran_locks')) throw new Refused(300, 'VIEW DATABASE STATE permission was denied', undefined)
    }
    const { run } = service(first, { granted: -3, onRun })
    await expect(run()).rejects.toThrow(
      'the lock of migrations was not granted (sp_getapplock answered -3): who holds it could not be seen (SQL Server error 300: VIEW DATABASE STATE permission was denied)',
    )
  })
})
