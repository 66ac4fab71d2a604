import { Unavailable } from '@flotilla/decider/store'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DatabaseOptions } from '../src/connect.ts'
import { readConnectionString } from '../src/connection-string.ts'
import type { Connection, Database } from '../src/database.ts'
import { Interrupted, Refused } from '../src/failure.ts'
import { failure, open } from './opened.ts'
import { type Fate, FaultyProxy } from './proxy.ts'
import { sqlServer, type TestDatabase, testDatabase } from './server.ts'

const insert = (id: number) => ({ name: 'insert', sql: 'INSERT INTO kept (id) VALUES (@id)', values: { id } })
const insertOnce = (id: number) => ({
  ...insert(id),
  sql: 'INSERT INTO kept (id) SELECT @id WHERE NOT EXISTS (SELECT 1 FROM kept WHERE id = @id)',
})
const add = (id: number) => ({ name: 'add', sql: 'UPDATE kept SET n = n + 1 WHERE id = @id', values: { id } })

describe.skipIf(!sqlServer)('on a SQL Server (skipped without FLOTILLA_SQLSERVER)', () => {
  let made: TestDatabase
  let proxy: FaultyProxy
  /** Opened before the proxy breaks anything. */
  let direct: Database

  beforeAll(async () => {
    made = await testDatabase()
    const { server: host, port } = readConnectionString(made.connectionString)
    proxy = await FaultyProxy.start({ host, port })
  })
  afterAll(async () => {
    await proxy?.stop()
    await made?.drop()
  })
  beforeEach(async () => {
    proxy.fate = () => 'pass'
    direct = await open(made)
    await direct.run({ name: 'drop', sql: 'DROP TABLE IF EXISTS kept' })
    await direct.run({
      name: 'create',
      sql: 'CREATE TABLE kept (id bigint NOT NULL CONSTRAINT pk_kept PRIMARY KEY, n bigint NOT NULL DEFAULT 0)',
    })
  })

  /** Through the proxy, which cannot look into TLS. */
  function proxied(options: Partial<DatabaseOptions> = {}) {
    const { login } = readConnectionString(made.connectionString)
    const { user, password } = login ?? { user: '', password: '' }
    const quoted = `{${password.replaceAll('}', '}}')}}`
    const connectionString = `Server=127.0.0.1,${proxy.port};Database=${made.name};User Id=${user};Password=${quoted};Encrypt=false`
    return open({ connectionString, ...options })
  }

  /** The next message of a kind has a fate, and what follows passes. */
  function doom(kind: 'commit' | 'other', fate: Fate) {
    let isDone = false
    proxy.fate = (passing) => {
      if (isDone || passing !== kind) return 'pass'
      isDone = true
      return fate
    }
  }

  const ids = async () => {
    const [rows] = await direct.run({ name: 'load', sql: 'SELECT id FROM kept ORDER BY id' })
    return rows?.map(({ id }) => id)
  }

  it('a commit whose answer is lost is Interrupted, and done', async () => {
    const database = await proxied()
    doom('commit', 'cut')
    expect(await failure(database.transaction((connection) => connection.run(insert(1))))).toBeInstanceOf(Interrupted)
    expect(await ids()).toEqual([1])
  })

  it('a commit that never arrives is Interrupted, and not done', async () => {
    const database = await proxied()
    doom('commit', 'lose')
    expect(await failure(database.transaction((connection) => connection.run(insert(1))))).toBeInstanceOf(Interrupted)
    expect(await ids()).toEqual([])
  })

  it('a statement whose answer is lost is asked again if it is repeatable, and otherwise Interrupted', async () => {
    const database = await proxied()
    await database.run(insertOnce(1))
    doom('other', 'cut')
    await database.run(insertOnce(2))
    doom('other', 'cut')
    expect(await failure(database.run({ ...insert(3), isRepeatable: false }))).toBeInstanceOf(Interrupted)
    expect(await ids()).toEqual([1, 2, 3])
  })

  it('a server that was restarted is asked on a new connection', async () => {
    const database = await proxied()
    await database.run(insertOnce(1))
    proxy.cutAll()
    await database.run(insertOnce(2))
    expect(await ids()).toEqual([1, 2])
  })

  it('an answer that comes too late leaves no lock behind', async () => {
    const database = await proxied()
    await database.run(insertOnce(1))
    doom('other', 'hold')
    let attempts = 0
    await database.transaction((connection) => {
      attempts += 1
      return connection.run({ ...add(1), timeout: attempts === 1 ? 200 : 10_000 })
    })
    expect(attempts).toBe(2)
    await direct.run({ ...add(1), timeout: 10_000 })
    const [rows] = await direct.run({ name: 'load', sql: 'SELECT n FROM kept' })
    // Rolled back, repeated, and once directly.
    expect(rows).toEqual([{ n: 2 }])
  })

  it('who waits for a lock for too long gives up, and the holder goes on', async () => {
    const database = await proxied()
    await database.run(insertOnce(1))
    await direct.transaction(async (connection) => {
      await connection.run(add(1))
      expect(await failure(database.run({ ...add(1), timeout: 200, isRepeatable: false }))).toBeInstanceOf(Interrupted)
    })
    await direct.run({ ...add(1), timeout: 10_000 })
  })

  it('a transaction that is the victim of a deadlock is repeated, and both are done', async () => {
    await direct.run(insert(1))
    await direct.run(insert(2))
    const both = barrier(2)
    let bodies = 0
    const adding = (first: number, second: number) => async (connection: Connection) => {
      bodies++
      await connection.run(add(first))
      await both()
      await connection.run(add(second))
    }
    await Promise.all([direct.transaction(adding(1, 2)), direct.transaction(adding(2, 1))])
    expect(bodies).toBeGreaterThan(2)
    expect(await direct.run({ name: 'load', sql: 'SELECT n FROM kept' })).toEqual([[{ n: 2 }, { n: 2 }]])
  })

  it('a statement that is refused takes its transaction with it, and leaves a connection that is clean', async () => {
    const database = await open({ ...made, poolSize: 1 })
    const error = await failure(
      database.transaction(async (connection) => {
        await connection.run(insert(1))
        await connection.run(insert(1))
      }),
    )
    expect(error).toBeInstanceOf(Refused)
    expect(error).toMatchObject({ number: 2627 })
    expect(await ids()).toEqual([])
    expect(await database.run({ name: 'count', sql: 'SELECT CONVERT(bigint, @@TRANCOUNT) AS open_now' })).toEqual([
      [{ open_now: 0 }],
    ])
  })

  it('is Unavailable to who finds no free connection in time', async () => {
    const database = await open({ ...made, poolSize: 1, acquireTimeout: 200 })
    await database.transaction(async (connection) => {
      await connection.run(insert(1))
      const error = await failure(database.run(insert(2)))
      expect(error).toBeInstanceOf(Unavailable)
      expect(error).not.toBeInstanceOf(Interrupted)
    })
    expect(await ids()).toEqual([1])
  })
})

/** Lets so many go on together, and those that come later at once. */
function barrier(count: number) {
  const { promise, resolve } = Promise.withResolvers<void>()
  let come = 0
  return () => {
    come++
    if (come === count) resolve()
    return promise
  }
}
