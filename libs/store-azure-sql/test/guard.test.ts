import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, it, vi } from 'vitest'
import type { Guard } from '../src/connect.ts'
import { Interrupted, Refused } from '../src/failure.ts'
import type { Reply } from './fake-server.ts'
import { failure, fake, open, replies, statement } from './opened.ts'

/** A guard that lets requests through, and remembers what it saw. */
function watcher() {
  const seen: unknown[] = []
  const guard: Guard = async (run) => {
    try {
      const result = await run()
      seen.push('fine')
      return result
    } catch (error) {
      seen.push(error)
      throw error
    }
  }
  return { guard, seen }
}

async function guarded(guard: Guard) {
  const server = await fake()
  const database = await open({ connectionString: server.connectionString, guard, poolSize: 1 })
  return { server, database }
}

/** Loses its patience with the request of a name that is being asked. */
const impatient =
  (server: () => { asked: readonly string[] }, asked: string): Guard =>
  async (run) => {
    const running = run()
    await Promise.race([running, sent(server, asked)])
    if (server().asked.at(-1) !== asked) return running
    running.catch(() => {})
    throw new Error('out of patience')
  }

async function sent(server: () => { asked: readonly string[] }, asked: string) {
  while (server().asked.at(-1) !== asked) await new Promise((resolve) => setImmediate(resolve))
}

describe('a guard', () => {
  it('sees each request that finds the database away', async () => {
    const { guard, seen } = watcher()
    const { server, database } = await guarded(guard)
    replies(server, 'SELECT 1', { error: 40501 }, 'cut')
    await database.run(statement())
    expect(seen).toEqual([expect.any(Unavailable), expect.any(Interrupted), 'fine'])
  })

  it('sees no fault in a refusal, nor in a deadlock', async () => {
    const { guard, seen } = watcher()
    const { server, database } = await guarded(guard)
    replies(server, 'SELECT 1', { error: 1205 }, { error: 547 })
    expect(await failure(database.run(statement()))).toBeInstanceOf(Refused)
    expect(seen).toEqual(['fine', 'fine'])
  })

  it('sees begin, statements and commit of a transaction', async () => {
    const { guard, seen } = watcher()
    const { database } = await guarded(guard)
    await database.transaction((connection) => connection.run(statement()))
    expect(seen).toEqual(['fine', 'fine', 'fine'])
  })

  it('that lets nothing through makes a request Unavailable, and it is not repeated', async () => {
    let calls = 0
    const { server, database } = await guarded(() => {
      calls++
      throw new Error('the breaker is open')
    })
    const error = await failure(database.run(statement()))
    expect(error).toBeInstanceOf(Unavailable)
    expect(error).not.toBeInstanceOf(Interrupted)
    expect((error as Error).message).toMatch(/is not available: the breaker is open$/)
    expect([calls, server.asked]).toEqual([1, []])
  })

  it('does not hide what became of a request behind an error of its own', async () => {
    const { server, database } = await guarded((run) => run().catch(() => Promise.reject(new Error('wrapped'))))
    replies(server, 'SELECT 1', { error: 40501 }, 'cut')
    expect(await failure(database.run(statement({ isRepeatable: false })))).toBeInstanceOf(Interrupted)
    expect(server.count('SELECT 1')).toBe(2)
  })

  it('that loses its patience with a request leaves it Interrupted', async () => {
    const { promise, resolve } = Promise.withResolvers<Reply>()
    const { server, database } = await guarded(impatient(() => server, 'SELECT 1'))
    replies(server, 'SELECT 1', promise)
    const error = await failure(database.run(statement({ isRepeatable: false })))
    expect(error).toBeInstanceOf(Interrupted)
    expect((error as Error).message).toMatch(/out of patience$/)
    resolve('done')
    await database.run(statement({ sql: 'SELECT 2' }))
  })

  it.each(['begin', 'SELECT 1'])(
    'that loses its patience with the %s of a transaction loses no connection',
    async (asked) => {
      const { promise, resolve } = Promise.withResolvers<Reply>()
      let isPatient = false
      const { server, database } = await guarded((run) => (isPatient ? run() : impatient(() => server, asked)(run)))
      replies(server, asked, promise)
      const running = database.transaction((connection) => connection.run(statement()))
      await sent(() => server, asked)
      isPatient = true
      resolve('done')
      // Nothing was done, so it is repeated: on a connection of its own, from a pool of one.
      await running
      expect(server.asked.slice(-3)).toEqual(['begin', 'SELECT 1', 'commit'])
      expect(server.count('login')).toBe(3)
      await vi.waitFor(() => expect(server.connections).toBe(1))
    },
  )

  it('that loses its patience with a commit leaves it Interrupted, and loses no connection', async () => {
    const { promise, resolve } = Promise.withResolvers<Reply>()
    const { server, database } = await guarded(impatient(() => server, 'commit'))
    replies(server, 'commit', promise)
    expect(await failure(database.transaction((connection) => connection.run(statement())))).toBeInstanceOf(Interrupted)
    resolve('done')
    await database.run(statement({ sql: 'SELECT 2' }))
    expect(server.count('commit')).toBe(1)
  })

  it('that lets no commit through has the transaction rolled back', async () => {
    let requests = 0
    const { server, database } = await guarded((run) => {
      requests++
      if (requests === 3) throw new Error('the breaker is open')
      return run()
    })
    expect(await failure(database.transaction((connection) => connection.run(statement())))).toBeInstanceOf(Unavailable)
    expect(server.asked.slice(2)).toEqual(['begin', 'SELECT 1', 'rollback'])
    await database.run(statement({ sql: 'SELECT 2' }))
    expect(server.count('login')).toBe(2)
  })
})
