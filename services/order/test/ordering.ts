import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { type Cache, noCache } from '@flotilla/host/cache'
import { type Asker, asker, testCallers, testLogger } from '@flotilla/host/testing'
import { TestBroker } from '@flotilla/host/testing-broker'
import { TestClock } from '@flotilla/host/testing-clock'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { migrate } from '@flotilla/store-sqlite/migrations'
import { onTestFinished } from 'vitest'
import { createApp } from '../src/app.ts'
import { sqliteOrders } from '../src/outbound/store.ts'

/** What outlives a process of the order service: its database, the broker, time. */
export interface World {
  readonly clock: TestClock
  readonly broker: TestBroker
  readonly sqlite: DatabaseSync
  /** UUIDs in a row, so that two runs can be compared. */
  readonly newId: () => string
}

export interface Ordering extends World {
  readonly ask: Asker
  readonly lines: readonly string[]
  /** Ends as on SIGTERM. */
  drain(): Promise<void>
  /** Ends as by kill -9: nothing of it happens any more. */
  kill(): Promise<void>
}

const migrations = fileURLToPath(new URL('../migrations/sqlite', import.meta.url))
const scopes = 'orders.read orders.write'

/** A database of its own for each test: in memory, or in a file that others can open too. */
export function createWorld(file = ':memory:'): World {
  const sqlite = openSqlite({ file, busyTimeout: 1 })
  migrate({ file: sqlite, folders: { order: migrations } })
  onTestFinished(() => {
    if (sqlite.isOpen) sqlite.close()
  })
  let ids = 0
  const newId = () => `01900000-0000-7000-8000-${String(++ids).padStart(12, '0')}`
  return { clock: new TestClock(), broker: new TestBroker(), sqlite, newId }
}

export function databaseFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-order-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'order.db')
}

/** The order service in this process, running. */
export async function startOrdering(world = createWorld(), cache: Cache = noCache): Promise<Ordering> {
  const { clock, broker, sqlite, newId } = world
  const life = clock.life()
  const { logger, lines } = testLogger()
  const database = sqliteOrders(sqlite, life.clock)
  const { server, engine } = createApp({
    database,
    broker,
    clock: life.clock,
    auth: testCallers,
    cache,
    logger,
    newId,
    deadlineAfter: 600_000,
  })
  await server.ready()
  await engine.start()
  onTestFinished(() => server.close())
  return {
    ...world,
    ask: asker(server, scopes),
    lines,
    async drain() {
      await engine.drain.receive.run()
      await server.close()
      await engine.drain.send.run()
      await database.store.close()
    },
    async kill() {
      life.end()
      await server.close()
    },
  }
}

export const tea = { sku: 'TEA-1', version: 1, name: 'Tea', price: 450, currency: 'EUR' }
export const pot = { sku: 'POT-1', version: 1, name: 'Pot', price: 2500, currency: 'EUR' }
export const mug = { sku: 'MUG-US', version: 1, name: 'Mug', price: 900, currency: 'USD' }

/** An order service that knows the prices of tea, pots and mugs. */
export async function startWithPrices(world?: World, cache?: Cache): Promise<Ordering> {
  const ordering = await startOrdering(world, cache)
  for (const item of [tea, pot, mug]) {
    await ordering.broker.say({ type: 'stock.item-listed.v1', data: item }, ordering.clock.now())
  }
  return ordering
}

export const placement = {
  lines: [
    { sku: 'TEA-1', quantity: 2 },
    { sku: 'POT-1', quantity: 1 },
  ],
  paymentMethod: 'pm_card_visa',
  contact: { email: 'ada@example.com' },
}

let keys = 0
export const newKey = (): string => `key-${++keys}`

/** Places an order and gives its id. Throws unless it was accepted. */
export async function place({ ask }: Ordering, as = 'ada', body: unknown = placement): Promise<string> {
  const answer = await ask('POST /api/v1/orders', { as, body, key: newKey() })
  if (answer.status !== 202) throw new Error(`not accepted: ${JSON.stringify(answer.body)}`)
  return answer.body.id
}

/** How much there is of everything that a refused request must not have made. */
export function stored({ sqlite }: World): Record<string, unknown> {
  const count = (table: string) => sqlite.prepare(`SELECT count(*) AS n FROM "${table}"`).get()?.n
  return Object.fromEntries(['orders', 'idempotency_key', 'outbox', 'due_work', 'history'].map((t) => [t, count(t)]))
}
