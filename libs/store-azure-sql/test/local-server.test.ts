import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, dropDatabase } from '../src/local-server.ts'
import { Rows } from '../src/rows.ts'
import { open } from './opened.ts'
import { sqlServer, type TestDatabase, testDatabase } from './server.ts'

const local = 'Server=127.0.0.1,1;User Id=sa;Password=hush'

describe('a database that is created', () => {
  it.each(['', 'Order', '1order', 'or-der', 'or]der', "order'; DROP DATABASE x; --"])(
    'cannot be named "%s"',
    async (name) => {
      await expect(createDatabase({ server: local, name })).rejects.toThrow(/is named by small letters/)
      await expect(dropDatabase({ server: local, name })).rejects.toThrow(/is named by small letters/)
    },
  )

  it('is on a local server: in Azure databases are declared', async () => {
    const server = 'Server=flotilla.database.windows.net'
    await expect(createDatabase({ server, name: 'order' })).rejects.toThrow(/on local servers only/)
    await expect(dropDatabase({ server, name: 'order' })).rejects.toThrow(/on local servers only/)
  })
})

describe.skipIf(!sqlServer)('on a SQL Server (skipped without FLOTILLA_SQLSERVER)', () => {
  let made: TestDatabase
  beforeAll(async () => {
    made = await testDatabase()
  })
  afterAll(() => made?.drop())

  const server = sqlServer ?? ''

  it('a database is created once, and may be asked for again', async () => {
    await createDatabase({ server, name: made.name })
    const database = await open(made)
    expect(await database.run({ name: 'load', sql: 'SELECT DB_NAME() AS name' })).toEqual([[{ name: made.name }]])
  })

  it('is read as those of Azure SQL: readers do not wait for writers', async () => {
    const database = await open(made)
    const sql = `SELECT is_read_committed_snapshot_on AS committed, CONVERT(int, snapshot_isolation_state) AS snapshot
      FROM sys.databases WHERE name = @name`
    expect(await database.run({ name: 'load', sql, values: { name: made.name } })).toEqual([
      [{ committed: true, snapshot: 1 }],
    ])
  })

  it('two can create one at the same time, and it can be dropped twice', async () => {
    const name = `${made.name}_too`
    await Promise.all([createDatabase({ server, name }), createDatabase({ server, name })])
    await dropDatabase({ server, name })
    await dropDatabase({ server, name })
  })

  it('values come back as what they were', async () => {
    const database = await open(made)
    await database.run({
      name: 'create',
      sql: 'CREATE TABLE things (id binary(16) NOT NULL, n bigint NULL, t nvarchar(4000) NULL, b bit NULL)',
    })
    const id = Uint8Array.from({ length: 16 }, (_, index) => 255 - index)
    const sql = 'INSERT INTO things (id, n, t, b) VALUES (@id, @n, @t, @b)'
    const things = [
      { id, n: Number.MIN_SAFE_INTEGER, t: "Grüße, ' 🚢", b: true },
      { id, n: Number.MAX_SAFE_INTEGER, t: 'x'.repeat(4_000), b: false },
      { id, n: null, t: null, b: null },
      { id, n: 0, t: '', b: false },
    ]
    for (const values of things) await database.run({ name: 'insert', sql, values })
    const sets = await database.run({
      name: 'load',
      sql: 'SELECT id, n, t, b FROM things; SELECT 1 AS one WHERE 1 = 0',
    })
    expect(sets).toEqual([things.map((thing) => ({ ...thing, id: Buffer.from(id) })), []])
  })

  it('rows are one parameter', async () => {
    const database = await open(made)
    const { cellNames, cellCounts } = await import('../src/rows.ts')
    const types = { k: 'nvarchar(200)', t: 'nvarchar(max)', n: 'bigint', u: 'binary(16)' }
    const cells = cellNames.map((name) => `[${name}] ${types[name[0] as keyof typeof cellCounts]} NULL`)
    await database.run({
      name: 'create',
      sql: `CREATE TYPE parameter_rows AS TABLE ([part] nvarchar(60) NOT NULL, [position] int NOT NULL, ${cells.join(', ')})`,
    })
    const rows = new Rows()
    const u1 = Uint8Array.from({ length: 16 }, (_, index) => index)
    rows.add('orders', { k1: 'a', t1: 'x'.repeat(20_000), n14: 2 ** 40, u1 })
    rows.add('orders', {})
    rows.add('items', { k1: 'b' })
    const sql = "SELECT [position], k1, t1, n14, u1 FROM @rows WHERE [part] = N'orders' ORDER BY [position]"
    expect(await database.run({ name: 'load', sql, values: { rows } })).toEqual([
      [
        { position: 1, k1: 'a', t1: 'x'.repeat(20_000), n14: 2 ** 40, u1: Buffer.from(u1) },
        { position: 2, k1: null, t1: null, n14: null, u1: null },
      ],
    ])
    expect(await database.run({ name: 'load', sql, values: { rows: new Rows() } })).toEqual([[]])
  })
})
