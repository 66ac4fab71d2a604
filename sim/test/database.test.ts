import { ManualClock } from '@flotilla/decider/manual-clock'
import type { Change } from '@flotilla/decider/store'
import { sqliteOrders } from '@flotilla/order/outbound/store'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../src/database.ts'

const price = (sku: string, cause: string, at = 1_000): Change<never> => ({
  cause: { kind: 'message', id: cause },
  home: `price:${sku}`,
  at,
  rows: [
    {
      key: `price:${sku}`,
      expected: 0,
      version: 1,
      state: { sku, version: 1, name: sku, price: 5, currency: 'EUR' } as never,
    },
  ],
  history: [],
  outbox: [
    { id: `${cause}.out`, topic: 'orders', type: 't', correlationId: sku, body: '{}', leaseUntil: at + 30 } as never,
  ],
  schedule: [
    {
      id: `deadline:${sku}`,
      kind: 'deadline',
      home: `price:${sku}`,
      payload: {},
      dueAt: at + 50,
      visibleAt: at + 50,
      attempts: 0,
    },
    { id: `mail:${sku}`, kind: 'mail', home: `price:${sku}`, payload: {}, dueAt: at, visibleAt: at + 20, attempts: 0 },
  ],
  cancel: [],
})

const shared = openDatabase('order')
const wanted = (sku: string) => ({ keys: [`price:${sku}`], causes: [] })

function begin() {
  shared.reset()
  const [one, other] = [1, 2].map(() => sqliteOrders(shared.database, new ManualClock()))
  if (!one || !other) throw new Error('there are two')
  return { one, other }
}

describe('a database of the simulation', () => {
  it('prepares a statement once, for all stores', () => {
    const { prepare } = shared.database
    expect(shared.database.prepare('SELECT 1')).toBe(shared.database.prepare('SELECT 1'))
    expect(prepare.call(shared.database, 'SELECT 2')).not.toBe(shared.database.prepare('SELECT 1'))
  })

  it('is the same to two stores that take turns', async () => {
    const { one, other } = begin()
    expect(await one.store.transact(wanted('A'), () => [price('A', 'first')])).toEqual(['saved'])
    const both = [
      one.store.transact(wanted('B'), () => [price('B', 'second')]),
      other.store.transact(wanted('A'), ({ rows }) => {
        expect(rows.get('price:A')).toMatchObject({ version: 1, state: { price: 5 } })
        return [price('A', 'third')]
      }),
    ]
    expect(await Promise.all(both)).toEqual([['saved'], ['stale']])
    expect(await other.reads.price('B')).toMatchObject({ sku: 'B', price: 5 })
  })

  it('stays open when a store is closed', async () => {
    const { one, other } = begin()
    await one.store.close()
    expect(await other.store.transact(wanted('A'), () => [price('A', 'first')])).toEqual(['saved'])
  })

  it('says what it owes, and when somebody can claim it', async () => {
    const { one } = begin()
    expect(shared.owes()).toEqual({
      messages: 0,
      work: 0,
      nextMessageAt: undefined,
      nextWorkAt: undefined,
      nextAt: undefined,
    })
    await one.store.transact(wanted('A'), () => [price('A', 'first')])
    expect(shared.owes()).toEqual({ messages: 1, work: 1, nextMessageAt: 1_030, nextWorkAt: 1_020, nextAt: 1_020 })
  })

  it('is as new when it is emptied, in the middle of a transaction too', async () => {
    const { one } = begin()
    const { database } = shared
    const all = () => {
      const tables = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migration' ORDER BY name")
        .all()
      return tables.map(({ name }) => [name, database.prepare(`SELECT * FROM "${name}"`).all().length])
    }
    const rowid = () =>
      database
        .prepare('SELECT rowid, id FROM inbox')
        .all()
        .map((row) => ({ ...row }))
    await one.store.transact(wanted('A'), () => [price('A', 'first')])
    await one.store.transact(wanted('B'), () => [price('B', 'second')])
    database.exec('BEGIN')
    shared.reset()
    expect(all().map(([, size]) => size)).toEqual(all().map(() => 0))
    expect(all().length).toBeGreaterThan(5)
    expect(database.prepare('SELECT count(*) AS n FROM migration').get()).toEqual({ n: 2 })
    await one.store.transact(wanted('C'), () => [price('C', 'third')])
    expect(rowid()).toEqual([{ rowid: 1, id: 'third' }])
  })
})
