import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** A folder of migrations for a service called things, and the job that applies them. */
function service(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-migrate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const write = (name: string, sql: string) => writeFileSync(join(folder, 'sqlite', name), sql)
  mkdirSync(join(folder, 'sqlite'))
  for (const [name, sql] of Object.entries(files)) write(name, sql)
  const file = join(folder, 'data', 'things.db')
  const run = (args: readonly string[] = ['things', '--folder', folder], env: object = { DATABASE_FILE: file }) =>
    new Promise<{ code: number; lines: Record<string, unknown>[]; err: string }>((resolve) => {
      execFile(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, ...env } }, (error, out, err) => {
        const lines = out.split('\n').filter((line) => line.startsWith('{'))
        resolve({ code: error ? Number(error.code) : 0, lines: lines.map((line) => JSON.parse(line)), err })
      })
    })
  return { run, write, file }
}

const first = { '001_things.sql': 'CREATE TABLE thing (id INTEGER)' }

test('the job applies what is missing, logs each migration, and says by its exit code that it did', async () => {
  const { run } = service(first)
  const { code, lines } = await run()
  expect(code).toBe(0)
  expect(lines.map(({ level, service, migration, msg }) => ({ level, service, migration, msg }))).toEqual([
    { level: 'info', service: 'things', migration: 'store/001_technical_tables.sql', msg: 'a migration is applied' },
    { level: 'info', service: 'things', migration: 'things/001_things.sql', msg: 'a migration is applied' },
    { level: 'info', service: 'things', migration: undefined, msg: 'the database is migrated' },
  ])
  expect(await run()).toMatchObject({ code: 0, lines: [{ applied: 0, msg: 'the database is migrated' }] })
})

test('a migration that cannot be applied is logged with its name after those that were, and the job has failed', async () => {
  const { run } = service({ ...first, '002_wrong.sql': 'CREATE TABL other' })
  const { code, lines } = await run()
  expect(code).toBe(1)
  expect(lines.map(({ migration }) => migration).filter(Boolean)).toHaveLength(2)
  expect(lines.at(-1)).toMatchObject({
    level: 'error',
    msg: 'the database is not migrated',
    error: { message: expect.stringContaining('migration things/002_wrong.sql failed, and nothing of it was kept') },
  })
})

test('a service without migrations for the database has failed, and no database is made', async () => {
  const { run, file } = service(first)
  const { code, lines } = await run(['nothing', '--folder', '/nowhere'], { DATABASE_FILE: file })
  expect(code).toBe(1)
  expect(lines.at(-1)).toMatchObject({
    error: { message: expect.stringContaining('the migrations nothing cannot be read: ENOENT') },
  })
  expect(existsSync(file)).toBe(false)
})

test('a wrong command line or environment is told plainly, with an exit code of its own', async () => {
  const { run } = service(first)
  expect(await run([])).toMatchObject({ code: 2, lines: [], err: expect.stringContaining('whose database?') })
  const none = await run(['things'], {})
  expect(none).toMatchObject({ code: 2, lines: [], err: expect.stringContaining('DATABASE_CONNECTION_STRING') })
  const { code, lines, err } = await run(['things'], { DATABASE_CONNECTION_STRING: 'Server=there;Pwd=hunter2' })
  expect([code, lines]).toEqual([2, []])
  expect(err).toContain(
    'DATABASE_CONNECTION_STRING cannot be used: The connection string is not valid: Database is missing.',
  )
  expect(err).not.toMatch(/^ +at |hunter2/m)
  expect(await run(['--help'])).toMatchObject({ code: 0 })
})
