import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '@flotilla/store-azure-sql/connect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../../store-azure-sql/test/server.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

function run(connectionString: string, ...args: string[]): Promise<{ code: number; out: string }> {
  const env = { PATH: process.env.PATH, DATABASE_CONNECTION_STRING: connectionString }
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env }, (error, out) => {
      resolve({ code: error ? Number(error.code) : 0, out })
    })
  })
}

describe.skipIf(!process.env.FLOTILLA_SQLSERVER)('the job on the server of FLOTILLA_SQLSERVER', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase()
  }, 60_000)
  afterAll(() => database.drop())

  test('applies what is in the repository, once, though two run at a time', { timeout: 60_000 }, async () => {
    const both = await Promise.all([run(database.connectionString, 'order'), run(database.connectionString, 'order')])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    const applied = both.flatMap(({ out }) => [...out.matchAll(/"migration":"([^"]+)"/g)].map(([, name]) => name))
    expect(applied.toSorted()).toEqual(['order/001_orders.sql', 'store/001_technical_tables.sql'])
    const connection = await openDatabase(database)
    const [orders] = await connection.run({ name: 'count orders', sql: 'SELECT COUNT(*) AS n FROM orders' })
    await connection.close()
    expect(orders).toEqual([{ n: 0 }])
  })

  test('says with its exit code, and without the password, that it could not', { timeout: 60_000 }, async () => {
    const password = /Password=([^;]+)/i.exec(database.connectionString)?.[1] ?? ''
    const wrong = database.connectionString.replace(password, 'not-this-one')
    const { code, out } = await run(wrong, 'order')
    expect(code).toBe(1)
    expect(out).toContain('the database is not migrated')
    expect(out).not.toContain('not-this-one')
  })
})
