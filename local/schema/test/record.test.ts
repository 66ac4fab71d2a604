import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { record } from '../src/record.ts'
import { readReleased } from '../src/released.ts'
import { azureSql, both, first, released, ruleAndWhat } from './fixture.ts'

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
