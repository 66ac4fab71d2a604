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
import type { Payment } from '../src/domain/payment.ts'
import { azurePayments, sqlitePayments } from '../src/outbound/store.ts'
import { paymentKey } from '../src/outbound/tables.ts'

const folder = (dialect: string) => join(import.meta.dirname, '../migrations', dialect)
const server = process.env.FLOTILLA_SQLSERVER

function samples(): { key: string; state: Payment }[] {
  const [orderId, at] = [randomUUID(), Date.now()]
  const due = { orderId, customer: 'ada', amount: 2500, currency: 'EUR', paymentMethod: 'pm_card_visa', deadline: at }
  return [
    { key: paymentKey(orderId), state: { ...due, status: 'captured', intentId: `pi_${randomUUID()}`, capturedAt: at } },
  ]
}

async function everything(database: Database) {
  const { store, find } = azurePayments(database, systemClock)
  await exercise(store, samples)
  await find(randomUUID())
}

test('on SQLite no statement sorts or scans a table that grows, and every index is gone by', () => {
  const database = openSqlite({ file: ':memory:' })
  onTestFinished(() => database.close())
  migrate({ file: database, folders: { payment: folder('sqlite') } })
  const found = sqlite.explained(database, (watched) => sqlitePayments(watched, systemClock))
  expect(found.flatMap(sqlite.growing)).toEqual([])
  expect(sqlite.unused(database, found)).toEqual(['history: primary key', 'payment: sqlite_autoindex_payment_2'])
})

describe.skipIf(!server)('on the server of FLOTILLA_SQLSERVER', () => {
  let plans: Plans
  beforeAll(async () => {
    plans = await plansOf({ server: server as string, folders: { payment: folder('azure-sql') }, exercise: everything })
  }, 300_000)

  test('no statement scans a table that grows, or reads more of it than was asked for', () => {
    expect(plans.explained.flatMap(growing)).toEqual([])
  })

  test('every index is gone by but those that keep an intent with one payment, and its history once', () => {
    expect(unused(plans.indexes, plans.explained)).toEqual(['history_home', 'payment_intent_once'])
  })

  test('every statement in the source was explained', () => {
    expect(unsent(join(import.meta.dirname, '../src/outbound/store.ts'), plans.explained)).toEqual([])
  })
})
