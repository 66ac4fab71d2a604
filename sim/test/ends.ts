import { openDatabase, type SqlService } from '../src/database.ts'
import type { End, Hindrance } from '../src/end.ts'
import { effects, fine, listed, mails, noneAside, prices, received } from '../src/end-of-effects.ts'
import { asTold, once, punctual } from '../src/end-of-orders.ts'
import { planOf } from '../src/plan.ts'
import { start } from './worlds.ts'

const rules = [punctual, asTold, once, received, effects, prices, listed, mails, fine, noneAside]
const databases = {
  order: openDatabase('order'),
  inventory: openDatabase('inventory'),
  payment: openDatabase('payment'),
}
export const kept = '01900000-0000-7000-8000-000000000001'
export const undone = '01900000-0000-7000-8000-000000000002'
export const mail = `<${kept}.order-confirmed@flotilla.test>`
export const deadline = start + 600_000

export function write(service: SqlService, sql: string): undefined {
  databases[service].database.exec(sql)
}

export const blob = (id: string) => `X'${id.replaceAll('-', '')}'`

/** So it says in the history; versions begin at `first`. */
export function happened(service: SqlService, home: string, types: readonly string[], first = 1): undefined {
  for (const [index, type] of types.entries()) {
    write(service, `INSERT INTO history VALUES ('${home}', ${first + index}, 0, ${start}, '${type}', '{}')`)
  }
}

function fill() {
  for (const database of Object.values(databases)) database.reset()
  write(
    'order',
    `INSERT INTO orders VALUES
       (${blob(kept)}, 3, 'confirmed', 'ada', 'EUR', 500, ${start}, ${deadline}, ${start + 900}, NULL, NULL, '{"email":"o1@example.com"}'),
       (${blob(undone)}, 2, 'cancelled', 'bob', 'EUR', 250, ${start}, ${deadline}, ${start + 900}, 'customer', 0, '{"email":"o2@example.com"}');
     INSERT INTO price VALUES ('TEA', 1, 2, 'Tea', 250, 'EUR')`,
  )
  write('inventory', "INSERT INTO item VALUES ('TEA', 4, 'Tea', 250, 'EUR', 2, 10, 8, 0, 2)")
  happened('order', `order:${kept}`, ['Placed', 'Reserved', 'Confirmed'])
  happened('order', `order:${undone}`, ['Placed', 'Cancelled'])
  happened('inventory', `reservation:${kept}`, ['Held', 'Sold'])
  happened('inventory', 'item:TEA', ['Listed', 'Received', 'Received', 'Taken'])
  happened('payment', `payment:${kept}`, ['Due', 'Captured'])
}

/** One order that was confirmed, one that was cancelled, and 10 pieces that came in two receipts; nothing went wrong. */
function good(): End {
  fill()
  const order = { total: 500, currency: 'EUR', deadline, endedAt: start + 900, reason: null, ends: 1 }
  const notification = { status: 'sent' } as const
  return {
    settings: { ...planOf(1).settings, skew: 0 },
    records: {
      at: start + 3_600_000,
      orders: [
        { ...order, id: kept, status: 'confirmed' },
        { ...order, id: undone, status: 'cancelled', reason: 'customer' },
      ],
      notifications: [
        { ...notification, orderId: kept, kind: 'order-confirmed' },
        { ...notification, orderId: undone, kind: 'order-cancelled' },
      ],
      intents: [{ id: 'pi', orderId: kept, currency: 'eur', received: 500, refunded: 0 }],
      ...{ items: [], reservations: [], receipts: [], payments: [], mails: [], owed: [], queues: [] },
    },
    ledger: {
      ends: new Map([
        [kept, 'confirmed'],
        [undone, 'cancelled'],
      ]),
      receipts: new Map([
        ['first TEA', { sku: 'TEA', quantity: 6 }],
        ['r1', { sku: 'TEA', quantity: 4 }],
      ]),
      prices: new Map([['TEA', 250]]),
    },
    ...{ hindrances: [], deadLetters: [], struck: 0, duplicates: 0, storedAt: new Map() },
    wire: [
      { messageId: mail, at: start + 1_000 },
      { messageId: mail.replace(kept, undone), at: start + 1_100 },
    ],
    told: new Map([[`notification:${kept}`, ['Due', 'Sent']]]),
    rows: <Row>(of: SqlService, sql: string) => databases[of].database.prepare(sql).all() as Row[],
  }
}

/** What makes other books of good ones. */
export type Change = (end: End) => Partial<End> | undefined
export type Case = readonly [what: string, change: Change, expected: readonly string[]]

/** What is broken. All rules look at all books, so that none is broken but those that a test expects. */
export function found(change: Change): string[] {
  const end = good()
  const changed = { ...end, ...change(end) }
  return rules.flatMap((rule) => rule(changed)).map(({ promise, about, what }) => `${promise} ${about} ${what}`)
}

/** A hindrance; without `to` it is a moment. */
export type Told = readonly [what: string, from: number, to?: number, unsure?: 'unsure']

/** Moments are told from `zero`, in milliseconds. */
export const hindrances = (zero: number, ...of: Told[]): Hindrance[] =>
  of.map(([what, from, to = from, unsure]) => ({ what, from: zero + from, to: zero + to, unsure: unsure === 'unsure' }))
