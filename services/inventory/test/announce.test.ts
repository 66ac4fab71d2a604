import { fileURLToPath } from 'node:url'
import { noCache } from '@flotilla/host/cache'
import { testCallers, testLogger } from '@flotilla/host/testing'
import { shuffled, TestBroker } from '@flotilla/host/testing-broker'
import { createApp as createOrdering } from '@flotilla/order/app'
import { sqliteOrders } from '@flotilla/order/outbound/store'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { migrate } from '@flotilla/store-sqlite/migrations'
import { expect, it } from 'vitest'
import { type Inventory, isNew, startInventory, stock, tea } from './stocking.ts'

/** The real order service, with an empty price list. */
async function newOrdering({ clock, newId }: Inventory) {
  const sqlite = openSqlite({ file: ':memory:' })
  const migrations = fileURLToPath(new URL('../../order/migrations/sqlite', import.meta.url))
  migrate({ file: sqlite, folders: { order: migrations } })
  const broker = new TestBroker()
  const { engine } = createOrdering({
    database: sqliteOrders(sqlite, clock),
    broker,
    clock,
    auth: testCallers,
    cache: noCache,
    logger: testLogger().logger,
    newId,
    deadlineAfter: 600_000,
  })
  await engine.start()
  return {
    broker,
    prices: () => sqlite.prepare('SELECT id, listing, name, price, currency FROM price ORDER BY id').all(),
  }
}

async function inventoryWith(count: number): Promise<Inventory> {
  const inventory = await startInventory()
  for (let index = 0; index < count; index += 1) await stock(inventory, `SKU-${index}`, 0)
  for (let index = 0; index < count; index += 3) {
    const body = { ...tea, name: `Tea ${index}`, price: 1 + index }
    await inventory.ask(`PUT /api/v1/stock/SKU-${index}`, { body, headers: { 'if-match': '"1"' } })
  }
  await inventory.clock.settle()
  return inventory
}

const catalogue = ({ sqlite }: Inventory) =>
  sqlite.prepare('SELECT id, listing, name, price, currency FROM item ORDER BY id').all()

it('an announcement says the whole catalogue: a new price list built from it equals it', async () => {
  const inventory = await inventoryWith(450)
  const earlier = inventory.broker.taken.length
  const answer = await inventory.ask('POST /api/v1/stock/announce')
  expect([answer.status, answer.body]).toEqual([202, { announced: 450 }])
  await inventory.clock.settle()
  const announced = inventory.broker.taken.slice(earlier)
  expect(announced).toHaveLength(450)
  const ordering = await newOrdering(inventory)
  await Promise.all(announced.map((each) => ordering.broker.deliver(each)))
  expect(ordering.prices()).toEqual(catalogue(inventory))
})

it('all that inventory ever said of its catalogue, in any order and twice, builds the same price list', async () => {
  const inventory = await inventoryWith(20)
  await inventory.ask('POST /api/v1/stock/announce')
  await inventory.ask('PUT /api/v1/stock/SKU-1', { body: { ...tea, price: 7 }, headers: { 'if-match': '"1"' } })
  await inventory.clock.settle()
  for (let run = 0; run < 5; run += 1) {
    const ordering = await newOrdering(inventory)
    for (const each of shuffled(inventory.broker.taken, inventory.clock.random)) await ordering.broker.deliver(each)
    expect(ordering.prices()).toEqual(catalogue(inventory))
  }
})

it('two announcements say everything twice, each under ids of its own', async () => {
  const inventory = await inventoryWith(5)
  const earlier = inventory.broker.taken.length
  await Promise.all([inventory.ask('POST /api/v1/stock/announce'), inventory.ask('POST /api/v1/stock/announce')])
  await inventory.clock.settle()
  const ids = inventory.broker.taken.slice(earlier).map(({ id }) => id)
  expect(new Set(ids).size).toBe(10)
})

it('an item is announced at the version it has, and is still changed by its ETag', async () => {
  const inventory = await inventoryWith(1)
  const { etag } = (await inventory.ask('GET /api/v1/stock/SKU-0')).headers
  await inventory.ask('POST /api/v1/stock/announce')
  const body = { ...tea, price: 9 }
  const answer = await inventory.ask('PUT /api/v1/stock/SKU-0', { body, headers: { 'if-match': etag as string } })
  expect([answer.status, answer.body.version]).toEqual([200, 3])
  expect((await inventory.ask('PUT /api/v1/stock/SKU-9', { body, headers: isNew })).status).toBe(200)
})
