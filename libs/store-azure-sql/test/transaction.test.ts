import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, it, vi } from 'vitest'
import type { Connection } from '../src/database.ts'
import { Interrupted, Refused } from '../src/failure.ts'
import type { Reply } from './fake-server.ts'
import { failure, fake, open, replies, statement } from './opened.ts'

/** A body of one statement. */
const body = (connection: Connection) => connection.run(statement())

async function opened(options: { requestTimeout?: number; poolSize?: number } = {}) {
  const server = await fake()
  const database = await open({ connectionString: server.connectionString, ...options })
  /** What was asked, without logins. */
  const asked = () => server.asked.filter((one) => one !== 'login')
  return { server, database, asked }
}

describe('a transaction', () => {
  it('is a trip to begin, one for each statement and one to commit, and gives what its body gives', async () => {
    const { server, database, asked } = await opened()
    replies(server, 'SELECT 1', { numbers: [1n] })
    expect(await database.transaction(body)).toEqual([[{ n: 1 }]])
    expect(asked()).toEqual(['begin', 'SELECT 1', 'commit'])
    expect(database.roundTrips()).toBe(3)
  })

  it('runs statements that are given at once one after another, on one connection', async () => {
    const { server, database, asked } = await opened()
    await database.transaction((connection) =>
      Promise.all(['SELECT 1', 'SELECT 2', 'SELECT 3'].map((sql) => connection.run(statement({ sql })))),
    )
    expect(asked()).toEqual(['begin', 'SELECT 1', 'SELECT 2', 'SELECT 3', 'commit'])
    expect(server.connections).toBe(1)
  })

  it('is rolled back when its body throws, and throws the same', async () => {
    const { database, asked } = await opened()
    const error = new Error('the body')
    const thrown = database.transaction(async (connection) => {
      await body(connection)
      throw error
    })
    await expect(thrown).rejects.toBe(error)
    expect(asked()).toEqual(['begin', 'SELECT 1', 'rollback'])
    await database.run(statement({ sql: 'SELECT 2' }))
    expect(database.roundTrips()).toBe(4)
  })

  it.each([
    { rollsBack: true, more: [] },
    { rollsBack: false, more: ['rollback'] },
  ])('is over with the first statement that fails, though the body goes on: %o', async ({ rollsBack, more }) => {
    const { server, database, asked } = await opened()
    server.reply = (one) => (one === 'SELECT 1' ? { error: 547, rollsBack } : 'done')
    const caught: unknown[] = []
    const error = await failure(
      database.transaction(async (connection) => {
        caught.push(await failure(connection.run(statement())))
        caught.push(await failure(connection.run(statement({ sql: 'SELECT 2' }))))
        return 'done'
      }),
    )
    expect(error).toBeInstanceOf(Refused)
    expect(caught).toEqual([error, error])
    expect(asked()).toEqual(['begin', 'SELECT 1', ...more])
    expect(database.roundTrips()).toBe(asked().length)
    await database.run(statement({ sql: 'SELECT 3' }))
  })

  it('takes no statement after its end', async () => {
    const { database, asked } = await opened()
    let late: Connection | undefined
    await database.transaction(async (connection) => {
      late = connection
    })
    await expect(late?.run(statement())).rejects.toThrow(/'load orders' came after the end of its transaction/)
    expect(asked()).toEqual(['begin', 'commit'])
  })
})

describe('a transaction that was not done is repeated as a whole', () => {
  it.each<[string, string, Reply]>([
    ['a deadlock', 'SELECT 1', { error: 1205, severity: 13, rollsBack: true }],
    ['a lost connection', 'SELECT 1', 'cut'],
    ['a failover', 'SELECT 1', { error: 40613, severity: 20 }],
    ['a begin that is throttled', 'begin', { error: 10929 }],
    ['a begin whose connection is gone', 'begin', 'cut'],
    ['a commit that finds a conflict', 'commit', { error: 41325, rollsBack: true }],
  ])('after %s', async (_, where, reply) => {
    const { server, database } = await opened({ poolSize: 1 })
    replies(server, where, reply)
    let bodies = 0
    const done = database.transaction(async (connection) => {
      bodies++
      return body(connection)
    })
    expect(await done).toEqual([])
    expect(bodies).toBe(where === 'begin' ? 1 : 2)
    expect(server.asked.at(-1)).toBe('commit')
    expect(server.asked.filter((one) => one === 'commit')).toHaveLength(where === 'commit' ? 2 : 1)
  })

  it('but is not Interrupted in the end: without its commit nothing is done', async () => {
    const { server, database } = await opened()
    server.reply = (one) => (one === 'SELECT 1' ? 'cut' : 'done')
    const error = await failure(database.transaction(body))
    expect(error).toBeInstanceOf(Unavailable)
    expect(error).not.toBeInstanceOf(Interrupted)
    expect(server.count('begin')).toBe(5)
    expect(server.count('commit')).toBe(0)
  })
})

describe('a commit without an answer', () => {
  it.each<[string, Reply]>([
    ['lost', 'cut'],
    ['too late', 'silence'],
    ['a failover', { error: 40197, severity: 20 }],
  ])('(%s) is Interrupted, and never repeated', async (_, reply) => {
    const { server, database } = await opened({ requestTimeout: 100, poolSize: 1 })
    replies(server, 'commit', reply)
    expect(await failure(database.transaction(body))).toBeInstanceOf(Interrupted)
    expect(server.count('commit')).toBe(1)
    // Its connection is closed, for nobody knows whether it is still in the transaction.
    await database.run(statement({ sql: 'SELECT 2' }))
    expect(server.count('login')).toBe(3)
    await vi.waitFor(() => expect(server.connections).toBe(1))
  })
})

describe('a connection is never lent with the transaction of another', () => {
  it('when a statement took too long', async () => {
    const { server, database } = await opened({ requestTimeout: 100, poolSize: 1 })
    replies(server, 'SELECT 1', 'silence')
    await database.transaction(body)
    expect(server.asked.slice(1)).toEqual([
      'login',
      'begin',
      'SELECT 1',
      'cancel',
      'login',
      'begin',
      'SELECT 1',
      'commit',
    ])
  })

  it('when the rollback took too long', async () => {
    const { server, database } = await opened({ requestTimeout: 100, poolSize: 1 })
    replies(server, 'rollback', 'silence')
    await expect(database.transaction(() => Promise.reject(new Error('the body')))).rejects.toThrow('the body')
    await database.run(statement())
    expect(server.asked.slice(1)).toEqual(['login', 'begin', 'rollback', 'cancel', 'login', 'SELECT 1'])
  })

  it('when the rollback is refused', async () => {
    const { server, database } = await opened({ poolSize: 1 })
    replies(server, 'rollback', { error: 3903 })
    await expect(database.transaction(() => Promise.reject(new Error('the body')))).rejects.toThrow('the body')
    await database.run(statement())
    expect(server.asked.slice(1)).toEqual(['login', 'begin', 'rollback', 'login', 'SELECT 1'])
  })

  it('when a statement begins one of its own and leaves it open', async () => {
    const { server, database } = await opened({ poolSize: 1 })
    replies(server, 'SELECT 1', 'begun')
    await database.run(statement())
    await database.run(statement({ sql: 'SELECT 2' }))
    expect(server.asked.slice(1)).toEqual(['login', 'SELECT 1', 'login', 'SELECT 2'])
  })

  it('when a body forgot to await a statement', async () => {
    const { server, database } = await opened({ poolSize: 1 })
    await database.transaction(async (connection) => {
      void connection.run(statement())
    })
    expect(server.asked.slice(2)).toEqual(['begin', 'SELECT 1', 'commit'])
  })
})
