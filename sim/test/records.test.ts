import { createTwin } from '@flotilla/store-cosmos/twin'
import { check } from '@flotilla/verify/check'
import { expect, it } from 'vitest'
import { openDatabase } from '../src/database.ts'
import { readRecords } from '../src/records.ts'

const id = '01900000-0000-7000-8000-000000000001'
const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')

it('the books of a simulation are read as those of a fleet are', async () => {
  const databases = {
    order: openDatabase('order'),
    inventory: openDatabase('inventory'),
    payment: openDatabase('payment'),
  }
  const { order, inventory, payment } = databases
  const body = '{"email":"ada@example.com"}'
  order.database
    .prepare("INSERT INTO orders VALUES (?, 1, 'confirmed', 'ada', 'EUR', 500, 1, 1000, 700, NULL, NULL, ?)")
    .run(bytes, body)
  order.database.exec(`INSERT INTO history VALUES ('order:${id}', 3, 0, 700, 'Confirmed', '{}')`)
  order.database.exec("INSERT INTO due_work VALUES ('d', 'deadline', 'h', '{}', 1, 1, 0, NULL)")
  payment.database.exec("INSERT INTO outbox VALUES ('m', 'payments', 't', 'c', '{}', NULL, NULL, 1, 2)")
  payment.database
    .prepare(
      `INSERT INTO payment VALUES (?, 1, 'captured', 'ada', 500, 'EUR', 'pm', 1000, NULL, 'pi', NULL, 600, 500, 0)`,
    )
    .run(bytes)
  inventory.database.exec("INSERT INTO item VALUES ('TEA', 1, 'Tea', 250, 'EUR', 1, 10, 8, 0, 2)")
  inventory.database.prepare("INSERT INTO receipt VALUES (?, 1, 'TEA', 10, 1)").run(bytes)
  inventory.database
    .prepare(`INSERT INTO reservation VALUES (?, 2, 'sold', NULL, NULL, '[{"sku":"TEA","quantity":2}]', 1, 1000)`)
    .run(bytes)
  const twin = createTwin({ now: () => 1_000 })
  const state = { status: 'sent', end: { kind: 'order-confirmed' } }
  const document = { id: `notification:${id}`, orderId: id, state, outbox: [{ id: 'n' }], work: [] }
  await twin.bulk([{ type: 'create', id: document.id, partition: id, body: document }], 'save')
  const intents = [{ id: 'pi', orderId: id, currency: 'eur', received: 500, refunded: 0 }]
  const mails = [{ orderId: id, messageId: `<${id}.order-confirmed@flotilla.test>` }]

  const records = readRecords({ at: 100_000, databases, twin, intents, mails, queues: [] })

  const paid = {
    status: 'confirmed',
    total: 500,
    currency: 'EUR',
    deadline: 1_000,
    endedAt: 700,
    reason: null,
    ends: 1,
  }
  expect(records.orders).toEqual([{ id, ...paid }])
  expect(records.notifications).toEqual([{ orderId: id, status: 'sent', kind: 'order-confirmed' }])
  expect(records.owed).toEqual([
    { service: 'order', messages: 0, work: 0 },
    { service: 'inventory', messages: 0, work: 0 },
    { service: 'payment', messages: 1, work: 0 },
    { service: 'notification', messages: 1, work: 0 },
  ])
  expect(check(records, { accepted: [id] })).toEqual([])
  expect(check(records, { settled: true }).map(({ about }) => about)).toEqual(['payment', 'notification'])
})
