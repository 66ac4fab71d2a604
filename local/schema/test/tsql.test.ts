import type { Migration } from '@flotilla/decider/migration-set'
import { describe, expect, test } from 'vitest'
import { readTsql } from '../src/tsql.ts'

/** What is read of a file after another one. */
async function reading(before: string, after: string) {
  const migration = (number: number, sql: string): Migration => ({
    set: 'things',
    file: `00${number}.sql`,
    number,
    sql,
    checksum: '',
  })
  const [, stage] = await readTsql([migration(1, before)], [migration(2, after)])
  const schema = [...(stage?.schema ?? [])].map(([table, columns]) => [table, Object.fromEntries(columns)] as const)
  return { tables: Object.fromEntries(schema), changes: stage?.changes }
}

const tablesOf = async (sql: string) => (await reading('', sql)).tables

describe('a table in T-SQL', () => {
  test('has its columns with type, NULL and what fills them, and no constraints', async () => {
    const sql = `-- CREATE TABLE commented (id int);
      CREATE TABLE [dbo].[Orders] (
        [Id]       binary(16) NOT NULL CONSTRAINT orders_key PRIMARY KEY CLUSTERED,
        total      decimal(10, 2) NOT NULL DEFAULT (0) CHECK (total IS NOT NULL),
        note       nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
        "primary"  int,
        counted    bigint IDENTITY(1, 1) NOT NULL,
        doubled    AS (total * 2) PERSISTED NOT NULL,
        stamp      rowversion NOT NULL,
        since      datetime2 GENERATED ALWAYS AS ROW START NOT NULL,
        kind       nvarchar(20) NOT NULL CHECK (kind IN (N'a', N'b, c) NULL')),
        CONSTRAINT orders_total CHECK (total >= 0),
        PRIMARY KEY NONCLUSTERED (counted), UNIQUE (note), INDEX by_kind (kind),
        FOREIGN KEY (kind) REFERENCES kind (id) ON DELETE CASCADE ON UPDATE SET NULL
      )`
    expect(await tablesOf(sql)).toEqual({
      orders: {
        id: { type: 'binary(16)', isNullable: false, isFilled: false },
        total: { type: 'decimal(10,2)', isNullable: false, isFilled: true },
        note: { type: 'nvarchar(max)', isNullable: true, isFilled: false },
        primary: { type: 'int', isNullable: true, isFilled: false },
        counted: { type: 'bigint', isNullable: false, isFilled: true },
        doubled: { type: 'computed', isNullable: true, isFilled: true },
        stamp: { type: 'rowversion', isNullable: false, isFilled: true },
        since: { type: 'datetime2', isNullable: false, isFilled: true },
        kind: { type: 'nvarchar(20)', isNullable: false, isFilled: false },
      },
    })
  })

  test('is not one that only the session knows, nor one in a comment or a text', async () => {
    const sql = `CREATE TABLE #passing (id int); /* CREATE TABLE a (id int) /* in */ CREATE TABLE b (id int) */
      PRINT 'CREATE TABLE c (id int)'`
    expect(await tablesOf(sql)).toEqual({})
  })

  test('is also one that is made conditionally, or in EXEC', async () => {
    const sql = `IF OBJECT_ID(N'dbo.a') IS NULL CREATE TABLE a (id int NULL)
      EXEC (N'CREATE TABLE b (id int, label nvarchar(9) DEFAULT ''it''''s'')')
      CREATE TABLE other.c (id int)`
    expect(Object.keys(await tablesOf(sql))).toEqual(['a', 'b', 'other.c'])
  })
})

describe('a table that is altered', () => {
  const before = `CREATE TABLE thing (id int NOT NULL, a int NULL, b int NULL, c int NULL)`
  const columnsAfter = async (sql: string) => Object.keys((await reading(before, sql)).tables.thing ?? {})

  test('gets the columns of ADD up to the next statement, with or without semicolons', async () => {
    const sql = `ALTER TABLE thing WITH NOCHECK ADD d int NULL, CONSTRAINT thing_d CHECK (d > 0), e int NOT NULL DEFAULT 0
      UPDATE thing SET a = 1, b = 2
      ALTER TABLE dbo.thing ADD f int NULL; INSERT INTO thing (id, g) VALUES (1, 2)`
    expect(await columnsAfter(sql)).toEqual(['id', 'a', 'b', 'c', 'd', 'e', 'f'])
  })

  test('loses the columns of DROP COLUMN, and no constraints', async () => {
    const { tables, changes } = await reading(
      before,
      'ALTER TABLE thing DROP CONSTRAINT a, COLUMN b, c; ALTER TABLE thing DROP COLUMN IF EXISTS a; ALTER TABLE thing DROP id',
    )
    expect(Object.keys(tables.thing ?? {})).toEqual(['id'])
    expect(changes).toEqual(['b', 'c', 'a'].map((column) => ({ says: 'DROP COLUMN', table: 'thing', column })))
  })

  test('fills a column that is given a default', async () => {
    const sql = "ALTER TABLE thing ADD CONSTRAINT thing_id DEFAULT (CHECKSUM('for id')) FOR [id], CHECK (a > 0)"
    const { tables } = await reading(before, sql)
    expect(tables.thing?.id).toEqual({ type: 'int', isNullable: false, isFilled: true })
    expect(tables.thing?.a).toEqual({ type: 'int', isNullable: true, isFilled: false })
  })

  test('has another type after ALTER COLUMN, and fills it as before', async () => {
    const { tables, changes } = await reading(
      'CREATE TABLE thing (a int NOT NULL DEFAULT 0)',
      'ALTER TABLE thing ALTER COLUMN a bigint NOT NULL',
    )
    expect(tables.thing).toEqual({ a: { type: 'bigint', isNullable: false, isFilled: true } })
    expect(changes).toEqual([{ says: 'ALTER COLUMN', table: 'thing', column: 'a' }])
  })

  test('is another one after DROP TABLE or sp_rename, each of which is told', async () => {
    const { tables, changes } = await reading(
      `${before}; CREATE TABLE other (id int); CREATE TABLE third (id int)`,
      `EXEC sys.sp_rename @objname = N'dbo.[thing].a', @newname = N'z', @objtype = N'COLUMN';
      EXEC sp_rename 'other', 'another'; EXEC sp_rename 'thing.thing_by_a', 'by_z', 'INDEX'
      DROP TABLE IF EXISTS dbo.third, [missing]`,
    )
    expect(Object.keys(tables)).toEqual(['thing', 'another'])
    expect(Object.keys(tables.thing ?? {})).toEqual(['id', 'b', 'c', 'z'])
    expect(changes).toEqual([
      { says: 'sp_rename', table: 'thing', column: 'a' },
      { says: 'sp_rename', table: 'other' },
      { says: 'DROP TABLE', table: 'third' },
      { says: 'DROP TABLE', table: 'missing' },
    ])
  })
})
