import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Unavailable } from '@flotilla/decider/store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../src/connect.ts'
import type { Database } from '../src/database.ts'
import { type MigrateOptions, migrate } from '../src/migrations.ts'
import { testDatabase } from './server.ts'

describe.skipIf(!process.env.FLOTILLA_SQLSERVER)('migrations on the server of FLOTILLA_SQLSERVER', () => {
  const databases: Database[] = []
  let folder: string
  let connectionString: string
  let drop: () => Promise<void>
  let database: Database

  const open = async () => {
    const opened = await openDatabase({ connectionString, requestTimeout: 60_000 })
    databases.push(opened)
    return opened
  }
  const write = (name: string, sql: string) => writeFileSync(join(folder, name), sql)
  const run = (options: Partial<MigrateOptions> = {}) => migrate({ database, folders: { things: folder }, ...options })
  const tables = async () => {
    const sql = 'SELECT name FROM sys.tables WHERE is_ms_shipped = 0 ORDER BY name'
    const [found = []] = await database.run({ name: 'list tables', sql })
    return found.map(({ name }) => name)
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flotilla-migrations-'))
    ;({ connectionString, drop } = await testDatabase())
    database = await open()
    write('001_things.sql', 'CREATE TABLE thing (id int NOT NULL PRIMARY KEY)')
  })
  afterEach(async () => {
    for (const each of databases.splice(0)) await each.close()
    await drop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('are applied in order, once, after the technical tables', async () => {
    write('002_more.sql', 'ALTER TABLE thing ADD label nvarchar(10) NULL;\nINSERT INTO thing (id) VALUES (1)')
    expect(await run()).toEqual(['store/001_technical_tables.sql', 'things/001_things.sql', 'things/002_more.sql'])
    expect(await run()).toEqual([])
    expect(await tables()).toEqual(['due_work', 'history', 'idempotency_key', 'inbox', 'migration', 'outbox', 'thing'])
    write('001_things.sql', 'CREATE TABLE thing (id bigint)')
    await expect(run()).rejects.toThrow('things/001_things.sql was changed after it was applied')
  })

  test('that fail leave nothing, and are applied when they are mended', async () => {
    write(
      '002_half.sql',
      'CREATE TABLE half (id int);\nINSERT INTO thing (id) VALUES (1);\nINSERT INTO thing (id) VALUES (1);',
    )
    await expect(run()).rejects.toThrow(/migration things\/002_half.sql failed, and nothing of it was kept: SQL Server/)
    expect(await tables()).toContain('thing')
    expect(await tables()).not.toContain('half')
    write('002_half.sql', 'CREATE TABLE half (id int);\nINSERT INTO thing (id) VALUES (1);')
    expect(await run()).toEqual(['things/002_half.sql'])
  })

  test('are applied by one of two runners: the other waits and applies nothing', async () => {
    const [one, other] = [await open(), await open()]
    const both = await Promise.all([run({ database: one }), run({ database: other })])
    expect(both.flat().toSorted()).toEqual(['store/001_technical_tables.sql', 'things/001_things.sql'])
  })

  test('are not applied while another runner holds the lock, who is named where that can be seen', async () => {
    const other = await open()
    await other.transaction(async (connection) => {
      const sql = `EXEC sp_getapplock @Resource = N'flotilla-migrate', @LockMode = N'Exclusive', @LockOwner = N'Transaction'`
      await connection.run({ name: 'hold the lock', sql })
      const failure = await run({ lockTimeout: 200 }).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Unavailable)
      expect((failure as Error).message).toMatch(
        /^the lock of migrations was not granted within 0.2 s: (session \d+ \(flotilla of .* on .*\) holds it|who holds it could not be seen)/,
      )
    })
    expect(await run()).toHaveLength(2)
  })
})
