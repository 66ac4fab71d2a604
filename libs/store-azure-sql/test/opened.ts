import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect } from 'vitest'
import { type DatabaseOptions, openDatabase } from '../src/connect.ts'
import type { Database, Statement } from '../src/database.ts'
import { FakeServer, type Reply } from './fake-server.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A fake server until the test is over. */
export async function fake(port?: number): Promise<FakeServer> {
  const server = await FakeServer.start(port)
  ends.push(() => server.stop())
  return server
}

/** A database that is closed when the test is over. */
export async function open(options: DatabaseOptions): Promise<Database> {
  const database = await openDatabase(options)
  ends.push(() => database.close())
  return database
}

/** A listener that takes connections and says nothing. */
export async function mute() {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.on('error', () => socket.destroy())
    ends.push(async () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.unshift(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  return {
    connectionString: `Server=127.0.0.1,${port};Database=fake;User Id=sa;Password=hush;Encrypt=false`,
    connections: () => connections,
  }
}

export const statement = (more: Partial<Statement> = {}): Statement => ({
  name: 'load orders',
  sql: 'SELECT 1',
  ...more,
})

/** Gives these replies to a message, one after another, and then `done`. */
export function replies(server: FakeServer, asked: string, ...given: (Reply | Promise<Reply>)[]) {
  const left = [...given]
  server.reply = (one) => (one === asked ? left.shift() : undefined)
}

/** What it throws. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  )
