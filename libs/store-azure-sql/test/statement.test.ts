import { Unavailable } from '@flotilla/decider/store'
import { collectSpans } from '@flotilla/telemetry/testing'
import { describe, expect, it, vi } from 'vitest'
import type { Value } from '../src/database.ts'
import { Interrupted, Refused } from '../src/failure.ts'
import { Rows } from '../src/rows.ts'
import type { Reply } from './fake-server.ts'
import { failure, fake, open, replies, statement } from './opened.ts'

describe('a statement', () => {
  it('is one round trip', async () => {
    const server = await fake()
    const database = await open(server)
    await database.run(statement())
    await database.run(statement())
    expect(database.roundTrips()).toBe(2)
    // The first login is a trial of mssql; the connection then stays.
    expect(server.asked).toEqual(['login', 'login', 'SELECT 1', 'SELECT 1'])
  })

  it('has a span for each attempt, which tells its name and none of its values', async () => {
    const collected = collectSpans()
    try {
      const server = await fake()
      replies(server, 'SELECT 1', { error: 1205 })
      await (await open(server)).run(statement({ values: { secret: 'hush' }, batchSize: 3 }))
      const spans = collected.spans()
      expect(spans.map(({ name, status }) => [name, status.code === 2 ? 'failed' : 'fine'])).toEqual([
        ['load orders', 'failed'],
        ['load orders', 'fine'],
      ])
      expect(spans[0]?.attributes).toMatchObject({
        'db.system.name': 'microsoft.sql_server',
        'db.operation.name': 'load',
        'db.query.summary': 'load orders',
        'db.namespace': 'fake',
        'db.operation.batch.size': 3,
      })
      expect(JSON.stringify(spans.map(({ attributes, events }) => [attributes, events]))).not.toContain('hush')
    } finally {
      await collected.shutdown()
    }
  })

  it('gives whole numbers of 64 bits as numbers, and refuses those that are none in JavaScript', async () => {
    const server = await fake()
    replies(server, 'SELECT 1', { numbers: [BigInt(Number.MAX_SAFE_INTEGER), null] }, { numbers: [2n ** 53n] })
    const database = await open(server)
    expect(await database.run(statement())).toEqual([[{ n: Number.MAX_SAFE_INTEGER }, { n: null }]])
    await expect(database.run(statement())).rejects.toThrow(
      new RangeError('Column n has a number that is no safe integer: 9007199254740992'),
    )
    expect(server.count('SELECT 1')).toBe(2)
  })

  it('is not sent with a value that cannot be a parameter', async () => {
    const server = await fake()
    const database = await open(server)
    const rows = new Rows()
    rows.add('orders', { k1: 'x'.repeat(201) })
    const values: [Record<string, Value>, RegExp][] = [
      [{ text: 'x'.repeat(4_001) }, /@text is text of 4001 characters; at most 4000 are taken/],
      [{ count: 1.5 }, /@count is 1\.5; numbers are whole/],
      [{ count: 2 ** 53 }, /@count is 9007199254740992; numbers are whole and safe/],
      [{ id: new Uint8Array() }, /@id has 0 bytes/],
      [{ rows }, /@rows orders\.k1 is text of 201 characters; at most 200/],
      [{ "x'; DROP": 1 }, /Invalid parameter name/],
    ]
    for (const [given, why] of values) await expect(database.run(statement({ values: given }))).rejects.toThrow(why)
    expect(server.asked).not.toContain('SELECT 1')
  })

  it('that is refused is refused once, with its number', async () => {
    const server = await fake()
    replies(server, 'SELECT 1', { error: 2627, severity: 14 })
    const database = await open(server)
    const error = await failure(database.run(statement()))
    expect(error).toBeInstanceOf(Refused)
    expect(error).toMatchObject({ number: 2627, message: 'SQL Server error 2627: said the fake server' })
    expect(server.count('SELECT 1')).toBe(1)
  })

  it.each([{ isRepeatable: true }, { isRepeatable: false }])('that was not done is repeated: %o', async (more) => {
    const server = await fake()
    replies(server, 'SELECT 1', { error: 1205, severity: 13 }, { error: 40501 }, { numbers: [1n] })
    expect(await (await open(server)).run(statement(more))).toEqual([[{ n: 1 }]])
    expect(server.count('SELECT 1')).toBe(3)
  })

  it('is repeated four times at most', async () => {
    const server = await fake()
    server.reply = (asked) => (asked === 'login' ? 'done' : { error: 10928 })
    const error = await failure((await open(server)).run(statement()))
    expect(error).toBeInstanceOf(Unavailable)
    expect(error).not.toBeInstanceOf(Interrupted)
    expect(server.count('SELECT 1')).toBe(5)
  })

  it.each<[string, Reply]>([
    ['loses its connection', 'cut'],
    ['meets a failover', { error: 40613, severity: 20 }],
  ])('that %s is repeated when that is harmless, and otherwise Interrupted', async (_, reply) => {
    const server = await fake()
    const database = await open(server)
    replies(server, 'SELECT 1', reply, { numbers: [1n] })
    expect(await database.run(statement())).toEqual([[{ n: 1 }]])
    replies(server, 'SELECT 2', reply)
    const once = failure(database.run(statement({ sql: 'SELECT 2', isRepeatable: false })))
    expect(await once).toBeInstanceOf(Interrupted)
    expect(server.count('SELECT 2')).toBe(1)
  })

  it('is Interrupted when one attempt may have been done, though the last surely was not', async () => {
    const server = await fake()
    replies(server, 'SELECT 1', 'cut', ...Array.from({ length: 4 }, () => ({ error: 40501 })))
    expect(await failure((await open(server)).run(statement()))).toBeInstanceOf(Interrupted)
  })

  it('meets a connection that died while nobody used it, and takes another', async () => {
    const server = await fake()
    const database = await open(server)
    await database.run(statement())
    server.cutAll()
    await database.run(statement())
    expect(server.count('SELECT 1')).toBe(2)
  })

  it.each<[string, Reply, Reply]>([
    ['is not answered', 'silence', 'done'],
    ['is answered in part', 'half', 'done'],
    ['is not answered, nor its cancelling', 'silence', 'silence'],
  ])(
    'that %s in time is cancelled and Interrupted, and its connection is not used again',
    async (_, reply, cancelled) => {
      const server = await fake()
      const database = await open({ connectionString: server.connectionString, requestTimeout: 100 })
      server.reply = (asked) => (asked === 'SELECT 1' ? reply : asked === 'cancel' ? cancelled : 'done')
      const error = await failure(database.run(statement({ isRepeatable: false })))
      expect(error).toBeInstanceOf(Interrupted)
      expect((error as Error).message).toMatch(/no answer within 100 ms$/)
      await database.run(statement({ sql: 'SELECT 2' }))
      expect(server.asked).toEqual(['login', 'login', 'SELECT 1', 'cancel', 'login', 'SELECT 2'])
      await vi.waitFor(() => expect(server.connections).toBe(1))
    },
  )

  it('may have a time of its own', async () => {
    const server = await fake()
    server.reply = (asked) => (asked === 'SELECT 1' ? 'silence' : 'done')
    const error = await failure((await open(server)).run(statement({ timeout: 50, isRepeatable: false })))
    expect((error as Error).message).toMatch(/no answer within 50 ms$/)
  })

  it('is Unavailable, and not asked again, when no connection is free in time', async () => {
    const server = await fake()
    const database = await open({ connectionString: `${server.connectionString};Max Pool Size=1`, acquireTimeout: 100 })
    const { promise, resolve } = Promise.withResolvers<Reply>()
    replies(server, 'SELECT 1', promise)
    const first = database.run(statement())
    await vi.waitFor(() => expect(server.asked).toContain('SELECT 1'))
    const error = await failure(database.run(statement({ sql: 'SELECT 2' })))
    expect(error).toBeInstanceOf(Unavailable)
    expect((error as Error).message).toMatch(/Failed to acquire a connection from the pool/)
    resolve('done')
    await first
    await database.run(statement({ sql: 'SELECT 3' }))
    expect(server.asked).not.toContain('SELECT 2')
  })
})
