import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '@flotilla/decider/clock'
import type { Database } from '@flotilla/store-azure-sql/database'
import { exercise } from '@flotilla/store-azure-sql/explaining/exercising'
import { growing, unused } from '@flotilla/store-azure-sql/explaining/explained'
import { type Plans, plansOf } from '@flotilla/store-azure-sql/explaining/plans'
import { unsent } from '@flotilla/store-azure-sql/explaining/written'
import { openSqlite } from '@flotilla/store-sqlite/database'
import * as sqlite from '@flotilla/store-sqlite/explaining'
import { migrate } from '@flotilla/store-sqlite/migrations'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { KnownOrder, Order } from '../src/domain/order.ts'
import type { ListedPrice } from '../src/domain/price.ts'
import type { Reads } from '../src/outbound/reads.ts'
import { azureOrders, sqliteOrders } from '../src/outbound/store.ts'
import { orderKey, priceKey } from '../src/outbound/tables.ts'

const folder = (dialect: string) => join(import.meta.dirname, '../migrations', dialect)
const server = process.env.FLOTILLA_SQLSERVER
const customer = 'ada'

const order = (): KnownOrder => ({
  orderId: randomUUID(),
  status: 'placed',
  customer,
  email: 'ada@example.com',
  paymentMethod: 'pm_card_visa',
  currency: 'EUR',
  total: 2500,
  lines: [{ sku: 'TEA-1', quantity: 2, unitPrice: 1250 }],
  placedAt: Date.now(),
  deadline: Date.now() + 600_000,
})

const price = (): ListedPrice => ({ sku: `TEA-${randomUUID()}`, version: 1, name: 'Tea', price: 1250, currency: 'EUR' })

function samples() {
  const [placed, listed] = [order(), price()]
  return [
    { key: orderKey(placed.orderId), state: placed as Order & ListedPrice },
    { key: priceKey(listed.sku), state: listed as Order & ListedPrice },
  ]
}

/** Each read, as it is asked for in a database with many orders of one customer. */
const asked: { readonly [Name in keyof Reads]: (reads: Reads) => Promise<unknown> } = {
  find: (reads) => reads.find(randomUUID()),
  async list(reads) {
    await reads.list(customer, undefined, 10)
    await reads.list(customer, { createdAt: Date.now() - 1_000, orderId: randomUUID() }, 10)
  },
  timeline: (reads) => reads.timeline(randomUUID()),
  price: (reads) => reads.price('TEA-1'),
}

async function everything(database: Database) {
  const { store, reads } = azureOrders(database, systemClock)
  await exercise(store, samples)
  for (const ask of Object.values(asked)) await ask(reads)
}

test('on SQLite no statement sorts or scans a table that grows, and every index is gone by', () => {
  const database = openSqlite({ file: ':memory:' })
  onTestFinished(() => database.close())
  migrate({ file: database, folders: { order: folder('sqlite') } })
  const found = sqlite.explained(database, (watched) => sqliteOrders(watched, systemClock))
  expect(found.flatMap(sqlite.growing)).toEqual([])
  expect(sqlite.unused(database, found)).toEqual([])
})

describe.skipIf(!server)('on the server of FLOTILLA_SQLSERVER', () => {
  let plans: Plans
  beforeAll(async () => {
    plans = await plansOf({ server: server as string, folders: { order: folder('azure-sql') }, exercise: everything })
  }, 300_000)

  test('no statement scans a table that grows, or reads more of it than was asked for', () => {
    expect(plans.explained.flatMap(growing)).toEqual([])
  })

  test('every index is gone by', () => {
    expect(unused(plans.indexes, plans.explained)).toEqual([])
  })

  test('every statement in the source was explained', () => {
    expect(unsent(join(import.meta.dirname, '../src/outbound/store.ts'), plans.explained)).toEqual([])
  })
})
