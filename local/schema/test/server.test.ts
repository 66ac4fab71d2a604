import { describe, expect, test } from 'vitest'
import { check, migrationsIn } from '../src/check.ts'
import { textOf } from '../src/finding.ts'
import { sqlServices, subjectOf } from '../src/services.ts'
import { readTsql } from '../src/tsql.ts'
import { azureSql, released, ruleAndWhat } from './fixture.ts'
import { buildOnServer } from './server-schema.ts'

const build = { 'azure-sql': buildOnServer }

describe.skipIf(!process.env.FLOTILLA_SQLSERVER)('the schema on the server of FLOTILLA_SQLSERVER', () => {
  test.for(sqlServices)('serves this release of %s and the one before', { timeout: 60_000 }, async (service) => {
    expect((await check({ ...subjectOf(service), build })).map(textOf)).toEqual([])
  })

  test.for(sqlServices)('is for %s what is read of T-SQL without a server', { timeout: 60_000 }, async (service) => {
    const migrations = migrationsIn(subjectOf(service).folders)['azure-sql']
    const [[there], [read]] = await Promise.all([buildOnServer(migrations, []), readTsql(migrations, [])])
    const plain = (schema: typeof there) =>
      Object.fromEntries([...(schema?.schema ?? [])].map(([table, columns]) => [table, Object.fromEntries(columns)]))
    expect(plain(read)).toEqual(plain(there))
  })

  const at = 'migration things/002_next.sql'
  test.for([
    [
      'a column that is dropped',
      'ALTER TABLE thing DROP COLUMN label',
      'what the release before uses stays',
      'thing.label is not there any more',
    ],
    [
      'a table that is dropped where reading cannot see it',
      "DECLARE @sql nvarchar(100) = N'DROP TABLE ' + N'thing'; EXEC (@sql)",
      'what the release before uses stays',
      'thing is not there any more',
    ],
    [
      'a column of another type',
      'ALTER TABLE thing ALTER COLUMN label nvarchar(200)',
      'columns keep their types',
      'thing.label is nvarchar(200) and was nvarchar(10)',
    ],
    [
      'a new column that has to be filled in',
      'ALTER TABLE thing ADD size bigint NOT NULL',
      'what the release before writes is enough',
      'thing.size is NOT NULL without a default',
    ],
  ] as const)('shows %s', { timeout: 60_000 }, async ([, sql, rule, what]) => {
    const { subject, write } = await released()
    write(azureSql(sql))
    const found = await check({ ...subject, tables: [], build })
    expect(ruleAndWhat(found.filter(({ dialect }) => dialect === 'azure-sql'))).toEqual([
      [rule, 'azure-sql', expect.stringContaining(`${at}: ${what}`)],
    ])
  })
})
