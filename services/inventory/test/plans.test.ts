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
import type { StockRow } from '../src/domain/scope.ts'
import { itemKey, receiptKey, reservationKey } from '../src/domain/scope.ts'
import type { Item, Receipt, Reservation } from '../src/domain/stock.ts'
import { azureStock, type Reads, sqliteStock } from '../src/outbound/store.ts'

const folder = (dialect: string) => join(import.meta.dirname, '../migrations', dialect)
const server = process.env.FLOTILLA_SQLSERVER

function samples(): { key: string; state: StockRow }[] {
  const [sku, orderId, receiptId] = [`TEA-${randomUUID()}`, randomUUID(), randomUUID()]
  const at = Date.now()
  const counts = { received: 10, available: 8, reserved: 2, sold: 0 }
  const item: Item = { sku, name: 'Tea', price: 1250, currency: 'EUR', listing: 1, ...counts }
  const lines = [{ sku, quantity: 2 }]
  const reservation: Reservation = { orderId, status: 'held', lines, at, deadline: at + 600_000 }
  const receipt: Receipt = { receiptId, sku, quantity: 10, at }
  return [
    { key: itemKey(sku), state: item },
    { key: reservationKey(orderId), state: reservation },
    { key: receiptKey(receiptId), state: receipt },
  ]
}

/** Each read, as it is asked for in a large catalogue. */
const asked: { readonly [Name in keyof Reads]: (reads: Reads) => Promise<unknown> } = {
  item: (reads) => reads.item('TEA-1'),
  async items(reads) {
    await reads.items('', 10)
    await reads.items('TEA-8', 10)
  },
  receipt: (reads) => reads.receipt(randomUUID()),
}

async function everything(database: Database) {
  const { store, reads } = azureStock(database, systemClock)
  await exercise(store, samples)
  for (const ask of Object.values(asked)) await ask(reads)
}

test('on SQLite no statement sorts or scans a table that grows, and every index is gone by', () => {
  const database = openSqlite({ file: ':memory:' })
  onTestFinished(() => database.close())
  migrate({ file: database, folders: { inventory: folder('sqlite') } })
  const found = sqlite.explained(database, (watched) => sqliteStock(watched, systemClock))
  expect(found.flatMap(sqlite.growing)).toEqual([])
  expect(sqlite.unused(database, found)).toEqual(['history: primary key'])
})

describe.skipIf(!server)('on the server of FLOTILLA_SQLSERVER', () => {
  let plans: Plans
  beforeAll(async () => {
    plans = await plansOf({
      server: server as string,
      folders: { inventory: folder('azure-sql') },
      exercise: everything,
    })
  }, 300_000)

  test('no statement scans a table that grows, or reads more of it than was asked for', () => {
    expect(plans.explained.flatMap(growing)).toEqual([])
  })

  test('every index is gone by; nobody reads the history of stock', () => {
    expect(unused(plans.indexes, plans.explained)).toEqual(['history_home'])
  })

  test('every statement in the source was explained', () => {
    expect(unsent(join(import.meta.dirname, '../src/outbound/store.ts'), plans.explained)).toEqual([])
  })
})
