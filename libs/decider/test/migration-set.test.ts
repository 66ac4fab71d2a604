import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { compare, failed, MigrationRefused, readSet, readSets } from '../src/migration-set.ts'

function folderOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-migration-set-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

const things = { '002_more.sql': 'CREATE TABLE more (id INT)', '001_things.sql': 'CREATE TABLE thing (id INT)' }

describe('a set of migrations', () => {
  test('is read in the order of its numbers, and of nothing but its SQL files', () => {
    const files = readSet('things', folderOf({ ...things, 'README.md': 'not one' }))
    expect(files.map(({ set, number, file, sql }) => ({ set, number, file, sql }))).toEqual([
      { set: 'things', number: 1, file: '001_things.sql', sql: things['001_things.sql'] },
      { set: 'things', number: 2, file: '002_more.sql', sql: things['002_more.sql'] },
    ])
  })

  test('stands beside others in the order that they were named in', () => {
    const sets = readSets({ store: folderOf(things), order: folderOf({}) })
    expect(sets.map(({ set, files }) => [set, files.length])).toEqual([
      ['store', 2],
      ['order', 0],
    ])
  })

  test('has the same checksums whatever the line ends, and others for any other change', () => {
    const checksum = (text: string) => readSet('things', folderOf({ '001_a.sql': text }))[0]?.checksum
    expect(checksum('CREATE\nTABLE')).toMatch(/^[0-9a-f]{64}$/)
    expect(checksum('CREATE\r\nTABLE')).toBe(checksum('CREATE\nTABLE'))
    expect(checksum('CREATE\nTABLE ')).not.toBe(checksum('CREATE\nTABLE'))
  })

  test.for([
    ['a gap', { '001_a.sql': '', '003_c.sql': '' }, 'things/003_c.sql should have the number 002'],
    ['a number twice', { '001_a.sql': '', '001_b.sql': '' }, 'things/001_b.sql should have the number 002'],
    ['another name', { 'things.sql': '' }, 'things/things.sql is not named NNN_name.sql, such as 001_orders.sql'],
  ] as const)('with %s is refused by name', ([, files, message]) => {
    const read = () => readSet('things', folderOf(files))
    expect(read).toThrow(MigrationRefused)
    expect(read).toThrow(message)
  })

  test('whose folder is not there is refused by name', () => {
    expect(() => readSet('things', '/nowhere/things')).toThrow(MigrationRefused)
    expect(() => readSet('things', '/nowhere/things')).toThrow('the migrations things cannot be read: ENOENT')
  })
})

describe('a set against the ledger of a database', () => {
  const files = () => readSet('things', folderOf(things))
  const found = (change: (files: ReturnType<typeof readSet>) => object[], mayBeAhead?: boolean) => {
    const now = files()
    compare({ set: 'things', files: now }, change(now) as ReturnType<typeof readSet>, { mayBeAhead })
  }

  test('may have more than was applied', () => {
    expect(() => found(([one]) => [{ ...one }])).not.toThrow()
    expect(() => found(() => [])).not.toThrow()
  })

  test('may not have changed what was applied', () => {
    expect(() => found(([one]) => [{ ...one, checksum: 'other' }])).toThrow(
      'migration things/001_things.sql was changed after it was applied: undo that, and add a new one',
    )
  })

  test('may not lack or rename what was applied', () => {
    const missing = 'was applied to this database, but the file is missing: bring it back'
    expect(() => found(([one]) => [{ ...one, file: '001_stuff.sql' }])).toThrow(`things/001_stuff.sql ${missing}`)
    expect(() => found((all) => [...all, { number: 3, file: '003_new.sql', checksum: '' }])).toThrow(
      `things/003_new.sql ${missing}`,
    )
  })

  test('may lack later ones when the database may be ahead, but neither change nor rename its own', () => {
    const later = { number: 3, file: '003_new.sql', checksum: '' }
    expect(() => found((all) => [...all, later], true)).not.toThrow()
    expect(() => found(([one]) => [{ ...one, checksum: 'other' }, later], true)).toThrow('001_things.sql was changed')
    expect(() => found(([one]) => [{ ...one, file: '001_stuff.sql' }, later], true)).toThrow(
      '001_stuff.sql was applied',
    )
  })
})

test('a migration that a database refuses is told by its name, with what the database said', () => {
  const cause = new Error('near "TABL": syntax error')
  const refused = failed({ set: 'things', file: '001_things.sql' }, cause)
  expect(refused).toBeInstanceOf(MigrationRefused)
  expect(refused.message).toBe(
    'migration things/001_things.sql failed, and nothing of it was kept: near "TABL": syntax error',
  )
  expect(refused.cause).toBe(cause)
})
