import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@flotilla/store-azure-sql/connect'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Databases, databasesOf } from '../src/databases.ts'
import { onEachDatabase } from './support.ts'

/** What the databases themselves keep of P1, P2 and P3, alike in SQLite and on a SQL Server. */

type Row = Readonly<Record<string, string | number | Uint8Array | null>>
type Table = 'orders' | 'price' | 'item' | 'reservation' | 'receipt' | 'payment'

const services = {
  orders: 'order',
  price: 'order',
  item: 'inventory',
  reservation: 'inventory',
  receipt: 'inventory',
  payment: 'payment',
} as const

const common = { version: 1, deadline: 20 }
const good = {
  orders: {
    ...common,
    status: 'placed',
    customer: 'ada',
    currency: 'EUR',
    total: 5,
    created_at: 10,
    ended_at: null,
    reason: null,
    payment_due: null,
    body: '{}',
  },
  price: { version: 1, listing: 1, name: 'Tea', price: 0, currency: 'EUR' },
  item: {
    version: 1,
    name: 'Tea',
    price: 1,
    currency: 'EUR',
    listing: 1,
    received: 5,
    available: 2,
    reserved: 2,
    sold: 1,
  },
  reservation: { ...common, status: 'held', reason: null, sku: null, lines: '[]', at: 10 },
  receipt: { version: 1, sku: 'TEA', quantity: 1, at: 10 },
  payment: {
    ...common,
    status: 'requested',
    customer: 'ada',
    amount: 5,
    currency: 'EUR',
    payment_method: 'pm',
    cancelled: 0,
    intent_id: null,
    reason: null,
    at: null,
    captured: 0,
    refunded: 0,
  },
} satisfies Record<Table, Row>

const captured = { status: 'captured', cancelled: null, captured: 5 }
const shut = { status: 'shut', customer: null, amount: null, currency: null, payment_method: null, cancelled: null }

const accepted: readonly [Table, string, Row][] = [
  ['orders', 'cancelled', { status: 'cancelled', ended_at: 15, reason: 'expired', payment_due: 0 }],
  ['payment', 'captured by an intent', { ...captured, intent_id: 'pi_1' }],
  ['payment', 'refunded', { ...captured, status: 'refunded', refunded: 5, intent_id: 'pi_2' }],
  ['payment', 'shut before it was due', shut],
]

const refused: readonly [Table, string, Row][] = [
  ['orders', 'of no known status', { status: 'Placed' }],
  ['orders', 'confirmed at no time', { status: 'confirmed' }],
  ['orders', 'open, and ended', { ended_at: 15 }],
  ['orders', 'cancelled for no reason', { status: 'cancelled', ended_at: 15, payment_due: 1 }],
  [
    'orders',
    'cancelled, and nobody knows whether it is to be paid back',
    { status: 'cancelled', ended_at: 15, reason: 'expired' },
  ],
  ['orders', 'below zero', { total: -1 }],
  ['orders', 'due when it is placed', { deadline: 10 }],
  ['orders', 'without a currency', { currency: 'EU' }],
  ['price', 'below zero', { price: -1 }],
  ['item', 'with more sold than there is', { received: 4, available: -1, reserved: 2, sold: 3 }],
  ['item', 'with less than was received', { received: 6 }],
  ['item', 'of the version 0', { version: 0 }],
  ['reservation', 'rejected for no reason', { status: 'rejected' }],
  ['reservation', 'held for a reason', { reason: 'expired' }],
  ['receipt', 'of nothing', { quantity: 0 }],
  ['payment', 'captured in part', { ...captured, captured: 4, intent_id: 'pi_3' }],
  ['payment', 'captured by no intent', captured],
  ['payment', 'refunded in part', { ...captured, status: 'refunded', refunded: 4, intent_id: 'pi_3' }],
  ['payment', 'declined for no reason', { status: 'declined', cancelled: null }],
  [
    'payment',
    'pending, and nobody knows whether it is wanted',
    { status: 'pending', cancelled: null, intent_id: 'pi_3' },
  ],
  ['payment', 'of an amount that nobody owes', { ...shut, amount: 5 }],
  ['payment', 'without an amount', { amount: null }],
]

onEachDatabase(({ sqlServer }) => {
  let data: string
  let databases: Databases
  let ids = 0
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'flotilla-'))
    databases = databasesOf(data, sqlServer)
    await databases.migrate()
  }, 60_000)
  afterAll(async () => {
    await databases.drop()
    rmSync(data, { recursive: true })
  }, 60_000)

  async function insert(table: Table, changed: Row) {
    ids += 1
    const id =
      table === 'price' || table === 'item' ? `SKU-${ids}` : Buffer.from(ids.toString(16).padStart(32, '0'), 'hex')
    const row: Row = { id, ...good[table], ...changed }
    const names = Object.keys(row)
    const sql = (sign: string) =>
      `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((name) => sign + name).join(', ')})`
    const source = databases.sources[services[table]]
    if ('file' in source) {
      const database = openSqlite(source)
      try {
        database.prepare(sql(':')).run(row)
      } finally {
        database.close()
      }
      return
    }
    const database = await openDatabase({ connectionString: source.connectionString, poolSize: 1 })
    try {
      await database.run({ name: 'insert', sql: sql('@'), values: row })
    } finally {
      await database.close()
    }
  }

  it.each(Object.keys(good) as Table[])('a good row of %s is taken, and another', async (table) => {
    await insert(table, {})
    await insert(table, {})
  })

  it.each(accepted)('P1 to P3: %s: one %s is taken', (table, _what, row) => insert(table, row))

  it.each(refused)('P1 to P3: %s: one %s is refused', async (table, _what, row) => {
    await expect(insert(table, row)).rejects.toThrow(/constraint|UNIQUE/i)
  })

  it('P3: an intent pays for one order, and many orders have none yet', async () => {
    await insert('payment', { status: 'pending', intent_id: 'pi_x' })
    await insert('payment', { status: 'pending', intent_id: 'PI_X' })
    await expect(insert('payment', { status: 'pending', intent_id: 'pi_x' })).rejects.toThrow(/constraint|UNIQUE/i)
    await insert('payment', {})
    await insert('payment', {})
  })

  it('SKUs in capital letters are others than in small ones', async () => {
    await insert('item', { id: 'tea' })
    await insert('item', { id: 'TEA' })
    await expect(insert('item', { id: 'TEA' })).rejects.toThrow(/constraint|UNIQUE/i)
  })
})
