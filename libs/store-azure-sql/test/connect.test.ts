import { Unavailable } from '@flotilla/decider/store'
import { ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel'
import { describe, expect, it, vi } from 'vitest'
import { openDatabase } from '../src/connect.ts'
import { Interrupted } from '../src/failure.ts'
import { FakeServer } from './fake-server.ts'
import { failure, fake, mute, open, replies, statement } from './opened.ts'

describe('a database that is opened', () => {
  it('throws at once when the connection string is wrong', async () => {
    await expect(openDatabase({ connectionString: 'Server=db' })).rejects.toThrow(/Database is missing/)
    const connectionString = 'Server=flotilla.database.windows.net;Database=order'
    await expect(openDatabase({ connectionString })).rejects.toThrow(/give a credential/)
  })

  it('does not throw when its server is away: each request does, until the server is there', async () => {
    const gone = await FakeServer.start()
    const { port, connectionString } = gone
    await gone.stop()
    const database = await open({ connectionString })
    const error = await failure(database.run(statement()))
    expect(error).toBeInstanceOf(Unavailable)
    expect(error).not.toBeInstanceOf(Interrupted)
    expect((error as Error).message).toMatch(/^SQL Server 127\.0\.0\.1,\d+\/fake is not available: .*ECONNREFUSED/)
    const server = await fake(port)
    replies(server, 'SELECT 1', { numbers: [7n] })
    expect(await database.run(statement())).toEqual([[{ n: 7 }]])
  })

  it('waits no longer for a server that says nothing than a login may take', async () => {
    const { connectionString, connections } = await mute()
    const database = await open({ connectionString, connectTimeout: 200 })
    let turns = 0
    const turn = setInterval(() => turns++, 1)
    const error = await failure(database.run(statement()))
    clearInterval(turn)
    expect(error).toBeInstanceOf(Unavailable)
    expect(error).not.toBeInstanceOf(Interrupted)
    expect((error as Error).message).toMatch(/Failed to connect .* in 200ms/)
    // Once, and without holding up anything else.
    expect(connections()).toBe(1)
    expect(turns).toBeGreaterThan(10)
  })

  it('is not connected to while the breaker is open', async () => {
    const { connectionString, connections } = await mute()
    const breaker = circuitBreaker(handleAll, { breaker: new ConsecutiveBreaker(2), halfOpenAfter: 60_000 })
    const database = await open({ connectionString, connectTimeout: 50, guard: (run) => breaker.execute(run) })
    for (let call = 0; call < 5; call++) expect(await failure(database.run(statement()))).toBeInstanceOf(Unavailable)
    expect(connections()).toBe(2)
  })

  it('is Unavailable once it is closed, however often', async () => {
    const server = await fake()
    const database = await open(server)
    await database.run(statement())
    await Promise.all([database.close(), database.close()])
    const error = await failure(database.run(statement()))
    expect(error).toBeInstanceOf(Unavailable)
    expect((error as Error).message).toMatch(/are closed/)
    expect(server.count('SELECT 1')).toBe(1)
  })

  it('can be closed while it connects', async () => {
    const { connectionString, connections } = await mute()
    const database = await open({ connectionString, connectTimeout: 300 })
    const running = failure(database.run(statement()))
    await vi.waitFor(() => expect(connections()).toBe(1))
    await database.close()
    expect(await running).toBeInstanceOf(Unavailable)
  })

  it('refuses a login clearly, without repeating it, and without its password', async () => {
    const server = await fake()
    server.reply = () => ({ error: 18456, severity: 14 })
    const error = (await failure((await open(server)).run(statement()))) as Error
    expect(error).toBeInstanceOf(Unavailable)
    expect(error.message).toMatch(/127\.0\.0\.1,\d+\/fake is not available: said the fake server \(error 18456\)/)
    expect(error.message).not.toContain('hush')
    expect(server.asked).toEqual(['login'])
  })

  it('logs in again when the database is only moving', async () => {
    const server = await fake()
    replies(server, 'login', { error: 40613, severity: 20 }, { error: 4060, severity: 11 })
    await (await open(server)).run(statement())
    expect(server.count('SELECT 1')).toBe(1)
  })
})
