import { describe, expect, test } from 'vitest'
import { azureSql, both, released, ruleAndWhat, sqlite } from './fixture.ts'

describe('what the release before uses stays', () => {
  const rule = 'what the release before uses stays'
  const at = 'migration things/002_next.sql'

  test('or a dropped column is found in both dialects', async () => {
    const { after } = await released()
    expect(ruleAndWhat(await after(both('ALTER TABLE thing DROP COLUMN label')))).toEqual([
      [rule, 'sqlite', `${at}: thing.label is not there any more, and release 1.0.0 uses thing`],
      [rule, 'azure-sql', `${at}: thing.label is dropped (DROP COLUMN), and release 1.0.0 uses thing`],
    ])
  })

  test('or a dropped table is found in both dialects, also a technical one', async () => {
    const { after } = await released()
    expect(ruleAndWhat(await after(both('DROP TABLE IF EXISTS thing; DROP TABLE inbox')))).toEqual([
      [rule, 'sqlite', `${at}: thing is not there any more, and release 1.0.0 uses it`],
      [rule, 'sqlite', `${at}: inbox is not there any more, and release 1.0.0 uses it`],
      [rule, 'azure-sql', `${at}: thing is dropped (DROP TABLE), and release 1.0.0 uses it`],
      [rule, 'azure-sql', `${at}: inbox is dropped (DROP TABLE), and release 1.0.0 uses it`],
    ])
  })

  test('or a renamed column is found in both dialects', async () => {
    const { after } = await released()
    const renamed = {
      ...sqlite('ALTER TABLE thing RENAME COLUMN label TO title'),
      ...azureSql("EXEC sp_rename 'dbo.thing.label', 'title', 'COLUMN'"),
    }
    expect(ruleAndWhat(await after(renamed))).toEqual([
      [rule, 'sqlite', `${at}: thing.label is not there any more, and release 1.0.0 uses thing`],
      [rule, 'azure-sql', `${at}: thing.label is renamed (sp_rename), and release 1.0.0 uses thing`],
    ])
  })

  test('or a renamed table is found in both dialects', async () => {
    const { after } = await released()
    const renamed = { ...sqlite('ALTER TABLE thing RENAME TO stuff'), ...azureSql("EXEC sp_rename N'thing', N'stuff'") }
    expect(ruleAndWhat(await after(renamed))).toEqual([
      [rule, 'sqlite', `${at}: thing is not there any more, and release 1.0.0 uses it`],
      [rule, 'azure-sql', `${at}: thing is renamed (sp_rename), and release 1.0.0 uses it`],
    ])
  })

  test('or a column that comes back empty is found: reading sees the drop', async () => {
    const { after } = await released()
    const sql = 'ALTER TABLE thing DROP COLUMN label; ALTER TABLE thing ADD label nvarchar(10) NULL'
    expect(ruleAndWhat(await after(azureSql(sql)))).toEqual([
      [rule, 'azure-sql', `${at}: thing.label is dropped (DROP COLUMN), and release 1.0.0 uses thing`],
    ])
  })
})

describe('columns keep their types', () => {
  const rule = 'columns keep their types'
  const rebuilt = (label: string) => `CREATE TABLE new (
      id BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, label ${label}, note TEXT, unread INTEGER) STRICT, WITHOUT ROWID;
    INSERT INTO new SELECT * FROM thing; DROP TABLE thing; ALTER TABLE new RENAME TO thing`

  test('or another type is found in SQLite, where a table is made anew for it', async () => {
    const { after } = await released()
    expect(ruleAndWhat(await after(sqlite(rebuilt('INTEGER'))))).toEqual([
      [
        rule,
        'sqlite',
        'migration things/002_next.sql: thing.label is integer and was text, and release 1.0.0 uses thing',
      ],
    ])
    expect(await after(sqlite(rebuilt('TEXT')))).toEqual([])
  })

  test('or a column that may not be NULL any more is found', async () => {
    const { after } = await released()
    expect(ruleAndWhat(await after(sqlite(rebuilt("TEXT NOT NULL DEFAULT ''"))))).toEqual([
      [
        rule,
        'sqlite',
        'migration things/002_next.sql: thing.label is NOT NULL and was not, and release 1.0.0 uses thing',
      ],
    ])
  })

  test('or ALTER COLUMN is found in T-SQL', async () => {
    const { after } = await released()
    expect(
      ruleAndWhat(await after(azureSql('ALTER TABLE [dbo].[thing] ALTER COLUMN [label] nvarchar(20) NULL'))),
    ).toEqual([
      [
        rule,
        'azure-sql',
        'migration things/002_next.sql: thing.label is altered (ALTER COLUMN), and release 1.0.0 uses thing',
      ],
    ])
    expect(await after(azureSql('ALTER TABLE thing ALTER COLUMN unread bigint NULL'))).toEqual([])
  })
})

describe('what the release before writes is enough', () => {
  test('or a new column is found that it would have to fill in', async () => {
    const { after } = await released()
    const added = {
      ...sqlite(`CREATE TABLE new (id BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, label TEXT, note TEXT,
        unread INTEGER, size INTEGER NOT NULL) STRICT, WITHOUT ROWID; DROP TABLE thing; ALTER TABLE new RENAME TO thing`),
      ...azureSql('ALTER TABLE thing ADD size bigint NOT NULL'),
    }
    const what =
      'migration things/002_next.sql: thing.size is NOT NULL without a default, and unknown to who inserts rows, and release 1.0.0 uses thing'
    const rule = 'what the release before writes is enough'
    expect(ruleAndWhat(await after(added))).toEqual([
      [rule, 'sqlite', what],
      [rule, 'azure-sql', what],
    ])
  })
})
