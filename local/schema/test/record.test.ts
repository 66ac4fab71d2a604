import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { textOf } from '../src/finding.ts'
import { record } from '../src/record.ts'
import { readReleased } from '../src/released.ts'
import { azureSql, both, type Files, first, released, ruleAndWhat } from './fixture.ts'

test('a release is recorded so that the next one is checked against it', async () => {
  const { subject, folder, write } = await released()
  const file = join(folder, 'released.json')
  expect(await record('1.1.0', [{ subject, file }])).toEqual([])
  const next = { ...subject, tables: [], released: readReleased(file) }
  expect(next.released?.release).toBe('1.1.0')
  expect(await check(next)).toEqual([])
  write(both('ALTER TABLE thing DROP COLUMN label'))
  expect(await check(next)).toHaveLength(2)
})

test('what a release does not use any more may be dropped after it was recorded', async () => {
  const { subject, folder, write } = await released()
  const file = join(folder, 'released.json')
  const tables = [{ name: 'thing', columns: { note: {} } }]
  expect(await record('1.1.0', [{ subject: { ...subject, tables }, file }])).toEqual([])
  write(both('ALTER TABLE thing DROP COLUMN label'))
  expect(await check({ ...subject, tables, released: readReleased(file) })).toEqual([])
})

test('a column is renamed in four releases, as docs/migrations.md has it, and not in fewer', async () => {
  const { subject, folder, write, remove } = await released()
  const file = join(folder, 'released.json')
  const release = async (name: string, columns: readonly string[], files: Files = {}) => {
    write(files)
    const tables = [{ name: 'thing', columns: Object.fromEntries(columns.map((column) => [column, {}])) }]
    const before = readReleased(file) ?? subject.released
    return (await record(name, [{ subject: { ...subject, tables, released: before }, file }])).map(textOf)
  }
  const filled = "UPDATE thing SET title = label; ALTER TABLE thing ADD CONSTRAINT label_empty DEFAULT N'' FOR label"
  const dropped = 'ALTER TABLE thing DROP COLUMN label'

  const added = {
    'sqlite/things/002_title.sql': 'ALTER TABLE thing ADD COLUMN title TEXT',
    'azure-sql/things/002_title.sql': 'ALTER TABLE thing ADD title nvarchar(10) NULL',
  }
  expect(await release('1.1.0', ['label', 'title', 'note'], added)).toEqual([])
  const fill = {
    'sqlite/things/003_fill_title.sql': 'UPDATE thing SET title = label',
    'azure-sql/things/003_fill_title.sql': filled,
  }
  expect(await release('1.2.0', ['label', 'title', 'note'], fill)).toEqual([])

  const drop = { 'sqlite/things/004_no_label.sql': dropped, 'azure-sql/things/004_no_label.sql': dropped }
  expect(await release('1.3.0', ['title', 'note'], drop)).toEqual([
    expect.stringContaining('thing.label is not there any more, and release 1.2.0 uses thing'),
    expect.stringContaining('thing.label is dropped (DROP COLUMN), and release 1.2.0 uses thing'),
  ])
  for (const name of Object.keys(drop)) remove(name)
  expect(await release('1.3.0', ['title', 'note'])).toEqual([])
  expect(await release('1.4.0', ['title', 'note'], drop)).toEqual([])
})

test('of several services all are recorded or none', async () => {
  const [good, bad] = [await released(), await released()]
  bad.write(azureSql('CREATE TABLE theirs (id int)'))
  const recordings = [good, bad].map(({ subject, folder }) => ({ subject, file: join(folder, 'released.json') }))
  expect(ruleAndWhat([...(await record('1.1.0', recordings))])).toEqual([
    ['both dialects have the same tables and columns', undefined, 'theirs is only in the migrations of azure-sql'],
  ])
  expect(recordings.map(({ file }) => existsSync(file))).toEqual([false, false])
})

test('a release that the one before does not survive is not recorded', async () => {
  const { subject, folder, write } = await released()
  write({ 'sqlite/things/001_things.sql': `${first['sqlite/things/001_things.sql']} -- changed` })
  const findings = await record('1.1.0', [{ subject, file: join(folder, 'released.json') }])
  expect(findings.map(({ rule }) => rule)).toEqual(['a released migration stays as it was'])
  expect(existsSync(join(folder, 'released.json'))).toBe(false)
})

test('a name that is no release is refused', async () => {
  await expect(record('next', [])).rejects.toThrow('--record next is no release: give three numbers, such as 0.2.0')
})
