import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { Message } from '@flotilla/contracts/message'
import { type Cache, noCache } from '@flotilla/host/cache'
import { type Asker, asker, testCallers, testLogger } from '@flotilla/host/testing'
import { message, TestBroker } from '@flotilla/host/testing-broker'
import { TestClock } from '@flotilla/host/testing-clock'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { migrate } from '@flotilla/store-sqlite/migrations'
import { onTestFinished } from 'vitest'
import { createApp } from '../src/app.ts'
import { sqliteStock } from '../src/outbound/store.ts'

/** What outlives a process of the inventory service: its database, the broker, time. */
export interface World {
  readonly clock: TestClock
  readonly broker: TestBroker
  readonly sqlite: DatabaseSync
  readonly newId: () => string
}

export interface Inventory extends World {
  readonly ask: Asker
  /** Ends as by kill -9. */
  kill(): Promise<void>
}

const migrations = fileURLToPath(new URL('../migrations/sqlite', import.meta.url))

/** A database of its own for each test: in memory, or in a file that others can open too. */
export function createWorld(file = ':memory:'): World {
  const sqlite = openSqlite({ file, busyTimeout: 1_000 })
  migrate({ file: sqlite, folders: { inventory: migrations } })
  onTestFinished(() => {
    if (sqlite.isOpen) sqlite.close()
  })
  let ids = 0
  const newId = () => `01900000-0000-7000-9000-${String(++ids).padStart(12, '0')}`
  return { clock: new TestClock(), broker: new TestBroker(), sqlite, newId }
}

export function databaseFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-inventory-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'inventory.db')
}

/** The inventory service in this process, running. */
export async function startInventory(world = createWorld(), cache: Cache = noCache): Promise<Inventory> {
  const { clock, broker, sqlite, newId } = world
  const life = clock.life()
  const { logger } = testLogger()
  const database = sqliteStock(sqlite, life.clock)
  const { server, engine } = createApp({ database, broker, clock: life.clock, auth: testCallers, cache, logger, newId })
  await server.ready()
  await engine.start()
  onTestFinished(() => server.close())
  return {
    ...world,
    ask: asker(server, 'stock.read stock.write'),
    async kill() {
      life.end()
      await server.close()
    },
  }
}

export const tea = { name: 'Tea', price: 450, currency: 'EUR' }
export const isNew = { 'if-none-match': '*' }

let keys = 0
export const newKey = (): string => `key-${++keys}`

/** Lists an item and receives some of it. Throws unless both were accepted. */
export async function stock({ ask }: Inventory, sku: string, quantity: number): Promise<void> {
  const listed = await ask(`PUT /api/v1/stock/${sku}`, { body: tea, headers: isNew })
  if (listed.status !== 200) throw new Error(`not listed: ${JSON.stringify(listed.body)}`)
  if (quantity === 0) return
  const received = await ask(`POST /api/v1/stock/${sku}/receipts`, { body: { quantity }, key: newKey() })
  if (received.status !== 201) throw new Error(`not received: ${JSON.stringify(received.body)}`)
}

export interface Line {
  readonly sku: string
  readonly quantity: number
}

export const orderIdOf = (number: number): string => `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`

const started = Date.UTC(2026, 0, 1)
const at = new Date(started).toISOString()
const deadline = new Date(started + 600_000).toISOString()
const about = { customer: 'ada', currency: 'EUR', total: 100 }
const priced = (lines: readonly Line[]) => lines.map((line) => ({ ...line, unitPrice: 450 }))

export const placed = (orderId: string, lines: readonly Line[]): Message =>
  message(
    { type: 'order.placed.v1', data: { orderId, ...about, lines: priced(lines), placedAt: at, deadline } },
    started,
  )

export const confirmed = (orderId: string, lines: readonly Line[]): Message => {
  const data = { orderId, ...about, email: 'ada@example.com', lines: priced(lines), confirmedAt: at, deadline }
  return message({ type: 'order.confirmed.v1', data }, started)
}

export const cancelled = (orderId: string): Message => {
  const why = { reason: 'customer-request', paymentDue: false } as const
  const data = { orderId, ...about, email: 'ada@example.com', ...why, cancelledAt: at, deadline }
  return message({ type: 'order.cancelled.v1', data }, started)
}

/** One SKU as it stands in the database. */
export const shelf = ({ sqlite }: World, sku: string): unknown => ({
  ...sqlite.prepare('SELECT received, available, reserved, sold FROM item WHERE id = ?').get(sku),
})

/** What the reservation of an order is, if there is one. */
export const statusOf = ({ sqlite }: World, orderId: string): unknown =>
  sqlite.prepare('SELECT status FROM reservation WHERE id = ?').get(Buffer.from(orderId.replaceAll('-', ''), 'hex'))
    ?.status

/** How much there is of everything that a refused request must not have made. */
export function stored({ sqlite }: World): object {
  const count = (table: string) => sqlite.prepare(`SELECT count(*) AS n FROM "${table}"`).get()?.n
  const tables = ['item', 'receipt', 'reservation', 'idempotency_key', 'outbox', 'history', 'inbox']
  return Object.fromEntries(tables.map((table) => [table, count(table)]))
}

/** P2, by what every receipt and reservation says: SKUs whose sums do not add up. */
export function unbalanced({ sqlite }: World): unknown[] {
  return sqlite
    .prepare(
      `WITH line AS (
         SELECT status, value ->> 'sku' AS sku, value ->> 'quantity' AS quantity FROM reservation, json_each(lines)
       ), sums AS (
         SELECT id, received, available, reserved, sold,
           (SELECT coalesce(sum(quantity), 0) FROM receipt WHERE receipt.sku = item.id) AS receipts,
           (SELECT coalesce(sum(quantity), 0) FROM line WHERE line.sku = item.id AND status = 'held') AS held,
           (SELECT coalesce(sum(quantity), 0) FROM line WHERE line.sku = item.id AND status = 'sold') AS gone
         FROM item
       )
       SELECT * FROM sums WHERE received <> available + reserved + sold OR received <> receipts OR reserved <> held
         OR sold <> gone OR min(available, reserved, sold) < 0`,
    )
    .all()
}
