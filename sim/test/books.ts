import type { Change } from '@flotilla/decider/store'
import type { IntentRecord } from '@flotilla/verify/records'
import { openDatabase, type SqlService } from '../src/database.ts'
import { watchMoments } from '../src/moments.ts'
import { createWorld, start } from './worlds.ts'

export const databases = {
  order: openDatabase('order'),
  inventory: openDatabase('inventory'),
  payment: openDatabase('payment'),
}
const { database: items } = databases.inventory
// What the constraints would refuse is to be found here too.
items.exec('PRAGMA ignore_check_constraints = ON')

export const id = '01900000-0000-7000-8000-000000000001'
const blob = (uuid: string) => Buffer.from(uuid.replaceAll('-', ''), 'hex')
export const deadline = start + 1_000
export const skew = 50

const insertOrder = databases.order.database.prepare(
  `INSERT OR REPLACE INTO orders (id, version, status, customer, currency, total, created_at, deadline, ended_at, reason, payment_due, body)
   VALUES (?, 1, ?, 'c', 'EUR', 500, ?, ?, ?, ?, ?, '{"email":"ada@example.com"}')`,
)
const insertEnd = databases.order.database.prepare("INSERT INTO history VALUES (?, ?, 0, 1, ?, '{}')")

/** Books in which a test writes as a service would, looked at with each commit. */
export function given() {
  for (const each of Object.values(databases)) each.reset()
  const it = createWorld()
  const intents: IntentRecord[] = []
  const moments = watchMoments(it.world, { databases, intents: () => intents, skew })
  const commit = (service: SqlService, ...keys: string[]) =>
    moments.committed(service, [{ rows: keys.map((key) => ({ key })) } as unknown as Change<unknown>])
  return {
    ...it,
    ...{ moments, intents, commit },
    order(status: string, endedAt: number | null = status === 'placed' || status === 'reserved' ? null : start) {
      const isCancelled = status === 'cancelled'
      const [reason, due] = isCancelled ? ['expired', 1] : [null, null]
      insertOrder.run(blob(id), status, start, deadline, endedAt, reason, due)
      const type = isCancelled ? 'Cancelled' : 'Confirmed'
      if (endedAt !== null && it.findings.length === 0) insertEnd.run(`order:${id}`, endedAt, type)
      commit('order', `order:${id}`)
    },
    item(sku: string, [received, available, reserved, sold]: readonly [number, number, number, number]) {
      const insert = items.prepare("INSERT OR REPLACE INTO item VALUES (?, 1, 'n', 5, 'EUR', 1, ?, ?, ?, ?)")
      insert.run(sku, received, available, reserved, sold)
    },
    reservation(status: string, quantity: number, of = id) {
      const insert = items.prepare('INSERT OR REPLACE INTO reservation VALUES (?, 1, ?, NULL, NULL, ?, 1, 2)')
      insert.run(blob(of), status, JSON.stringify([{ sku: 'TEA', quantity }]))
    },
    receipt(quantity: number) {
      items.prepare("INSERT INTO receipt VALUES (?, 1, 'TEA', ?, 1)").run(blob(id), quantity)
    },
    payment(status: string) {
      const insert = databases.payment.database.prepare(
        `INSERT OR REPLACE INTO payment (id, version, status, customer, amount, currency, deadline, cancelled, intent_id, at, captured, refunded)
         VALUES (?, 1, ?, 'c', 500, 'EUR', ?, ?, 'pi', 1, ?, 0)`,
      )
      const isOpen = status === 'pending'
      insert.run(blob(id), status, deadline, isOpen ? 0 : null, isOpen ? 0 : 500)
    },
    pay: (received: number, refunded = 0, currency = 'eur') =>
      void intents.push({ id: `pi_${intents.length}`, orderId: id, currency, received, refunded }),
    broken: () => it.findings.map(({ promise, what }) => `${promise} ${what}`),
  }
}
