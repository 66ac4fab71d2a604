import { describe, expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { textOf } from '../src/finding.ts'
import { readReleased } from '../src/released.ts'
import { azureSql, both, first, released, ruleAndWhat, sqlite } from './fixture.ts'

describe('nothing is found', () => {
  test('in a release that is as it was recorded', async () => {
    const { subject, recorded } = await released()
    expect(recorded.findings).toEqual([])
    expect(await check(subject)).toEqual([])
  })

  test('when tables and columns are added that the release before need not know', async () => {
    const { after } = await released()
    const added = {
      ...sqlite(`ALTER TABLE thing ADD COLUMN size INTEGER;
        ALTER TABLE thing ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';
        CREATE TABLE other (id TEXT NOT NULL PRIMARY KEY) STRICT`),
      ...azureSql(`ALTER TABLE dbo.thing ADD size bigint NULL, [colour] nvarchar(10) NOT NULL CONSTRAINT thing_colour DEFAULT N'red'
        CREATE TABLE other (id nvarchar(200) NOT NULL PRIMARY KEY)`),
    }
    expect(await after(added)).toEqual([])
  })

  test('when what the release before does not use is dropped: contract, a release later', async () => {
    const { after } = await released()
    expect(await after(both('ALTER TABLE thing DROP COLUMN unread'))).toEqual([])
  })

  test('when what was added since is changed again, though it was not released', async () => {
    const { after } = await released()
    await after(both('CREATE TABLE other (id INTEGER NOT NULL)'))
    const again = 'DROP TABLE other'
    expect(await after({ 'sqlite/things/003_again.sql': again, 'azure-sql/things/003_again.sql': again })).toEqual([])
  })
})

describe('a release is recorded', () => {
  test('or the check says how', async () => {
    const { subject } = await released()
    const [finding] = await check({ ...subject, released: undefined })
    expect(finding).toMatchObject({ rule: 'a release is recorded', mend: expect.stringContaining('--record 0.1.0') })
  })

  test('with its migrations and their checksums, and with the columns that it reads and writes', async () => {
    const { recorded } = await released()
    expect(recorded.released).toEqual({
      release: '1.0.0',
      migrations: {
        sqlite: {
          'store/001_technical_tables.sql': expect.stringMatching(/^[0-9a-f]{64}$/),
          'things/001_things.sql': expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        'azure-sql': {
          'store/001_technical_tables.sql': expect.stringMatching(/^[0-9a-f]{64}$/),
          'things/001_things.sql': expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      },
      tables: { thing: ['id', 'version', 'label', 'note'], inbox: ['id', 'at'] },
    })
  })

  test('in a file that is refused by name when it is something else', async () => {
    const { folder, write } = await released()
    write({ 'released.json': '{ "release": "1.0.0", "migrations": {} }' })
    expect(readReleased(`${folder}/nothing.json`)).toBeUndefined()
    expect(() => readReleased(`${folder}/released.json`)).toThrow(/released.json cannot be read: [\s\S]*azure-sql/)
  })
})

describe('a released migration stays as it was', () => {
  const rule = 'a released migration stays as it was'

  test.for(['sqlite', 'azure-sql'] as const)('or %s finds it changed', async (dialect) => {
    const { after } = await released()
    const file = `${dialect}/things/001_things.sql` as const
    expect(ruleAndWhat(await after({ [file]: `${first[file]} -- harmless?` }))).toEqual([
      [rule, dialect, 'migration things/001_things.sql of release 1.0.0 was changed'],
    ])
  })

  test('or it is found gone', async () => {
    const { subject, remove } = await released()
    remove('sqlite/store/001_technical_tables.sql')
    remove('azure-sql/store/001_technical_tables.sql')
    expect(ruleAndWhat(await check(subject))).toEqual([
      [rule, 'sqlite', 'migration store/001_technical_tables.sql of release 1.0.0 is gone'],
      [rule, 'azure-sql', 'migration store/001_technical_tables.sql of release 1.0.0 is gone'],
    ])
  })
})

describe('both dialects have the same tables and columns', () => {
  const rule = 'both dialects have the same tables and columns'

  test('or what only one of them has is found', async () => {
    const { after } = await released()
    const apart = {
      ...sqlite('CREATE TABLE ours (id TEXT); ALTER TABLE thing ADD COLUMN size INTEGER'),
      ...azureSql('CREATE TABLE theirs (id int NULL); ALTER TABLE thing ADD length int NULL'),
    }
    expect(ruleAndWhat(await after(apart))).toEqual([
      [rule, undefined, 'ours is only in the migrations of sqlite'],
      [rule, undefined, 'thing.size is only in the migrations of sqlite'],
      [rule, undefined, 'thing.length is only in the migrations of azure-sql'],
      [rule, undefined, 'theirs is only in the migrations of azure-sql'],
    ])
  })

  test('or a first release is not recorded', async () => {
    const { recorded } = await released({ ...first, 'sqlite/things/002_next.sql': 'CREATE TABLE ours (id TEXT)' })
    expect(ruleAndWhat([...recorded.findings])).toEqual([[rule, undefined, 'ours is only in the migrations of sqlite']])
  })
})

describe('what a service declares is there', () => {
  test('or the column is found that no migration makes', async () => {
    const { subject } = await released()
    const tables = [{ name: 'thing', columns: { label: {}, size: {} } }]
    expect(ruleAndWhat(await check({ ...subject, tables }))).toEqual([
      [
        'what a service declares is there',
        undefined,
        'outbound/tables.ts declares thing.size, which no migration makes',
      ],
    ])
  })
})

describe('migrations can be applied', () => {
  const rule = 'migrations can be applied'

  test('or a gap in their numbers is found', async () => {
    const { after } = await released()
    expect(ruleAndWhat(await after({ 'sqlite/things/003_late.sql': '' }))).toEqual([
      [rule, undefined, 'migration things/003_late.sql should have the number 002: numbers go up by one from 001'],
    ])
  })

  test('or what SQLite refuses is found', async () => {
    const { after } = await released()
    expect(ruleAndWhat(await after(both('CREATE TABLE thing (id INTEGER)')))).toEqual([
      [rule, undefined, expect.stringMatching(/^migration things\/002_next.sql failed, .*table thing already exists/)],
    ])
  })

  test('or T-SQL that is several batches is found', async () => {
    const { after } = await released()
    expect(ruleAndWhat(await after(azureSql('SELECT 1\nGO\nSELECT 2')))).toEqual([
      [rule, 'azure-sql', 'migration things/002_next.sql has GO on line 2, which only clients know'],
    ])
  })
})

test('a finding says what is wrong where, by which rule, and how to mend it', async () => {
  const { after } = await released()
  const [finding] = await after(sqlite('ALTER TABLE thing DROP COLUMN label'))
  expect(finding && textOf(finding)).toBe(
    `things, sqlite: migration things/002_next.sql: thing.label is not there any more, and release 1.0.0 uses thing (what the release before uses stays)
  keep it until a release that does not use it any more is the one before, then drop it (contract). Instead of a new name, add a second one and fill both`,
  )
})
