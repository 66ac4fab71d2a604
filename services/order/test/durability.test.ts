import { flawsOf } from '@flotilla/host/testing'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { describe, expect, it } from 'vitest'
import {
  createWorld,
  databaseFile,
  newKey,
  type Ordering,
  place,
  placement,
  startWithPrices,
  stored,
} from './ordering.ts'
import { letPeersAnswer } from './peers.ts'

const deadlineAfter = 600_000
const statusOf = async ({ ask }: Ordering, id: string) => (await ask(`GET /api/v1/orders/${id}`)).body.status

describe('P1: with the broker away', () => {
  it('orders are answered with 202, and everything is published when it is back', async () => {
    const ordering = await startWithPrices()
    const { broker, clock } = ordering
    broker.away = true
    const ids: string[] = []
    for (let count = 0; count < 20; count += 1) ids.push(await place(ordering))
    await clock.pass(90_000)
    expect(broker.taken).toEqual([])
    broker.away = false
    await clock.passUntil(() => broker.taken.length >= 20)
    await clock.pass(60_000)
    expect(
      broker
        .said('order.placed.v1')
        .map(({ data }) => data.orderId)
        .sort(),
    ).toEqual(ids.sort())
    expect(broker.taken).toHaveLength(20)
    expect(stored(ordering)).toMatchObject({ outbox: 0 })
  })

  it('what was published and not acknowledged is published again under the same id', async () => {
    const ordering = await startWithPrices()
    const { broker, clock } = ordering
    broker.losesAnswers = 1
    await place(ordering)
    await clock.passUntil(() => broker.taken.length === 2)
    expect(broker.taken[1]?.id).toBe(broker.taken[0]?.id)
    await clock.pass(60_000)
    expect(broker.taken).toHaveLength(2)
    expect(stored(ordering)).toMatchObject({ outbox: 0 })
  })

  it('new orders are refused with 503 when they could no longer be completed in time, and taken again after', async () => {
    const ordering = await startWithPrices()
    const { ask, broker, clock } = ordering
    broker.away = true
    const id = await place(ordering)
    await clock.pass(deadlineAfter / 2 + 10_000)
    const refused = await ask('POST /api/v1/orders', { body: placement, key: 'k' })
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '30'])
    expect(flawsOf(refused)).toEqual([])
    expect(stored(ordering)).toMatchObject({ orders: 1 })
    // What is there can be read and cancelled all the same.
    expect(await statusOf(ordering, id)).toBe('placed')
    expect((await ask(`POST /api/v1/orders/${id}/cancel`, { key: 'c' })).status).toBe(200)
    broker.away = false
    await clock.pass(60_000)
    expect((await ask('POST /api/v1/orders', { body: placement, key: 'k' })).status).toBe(202)
  })
})

describe('P6: success is durable', () => {
  it('nothing is published before another process can read it', async () => {
    const file = databaseFile()
    const ordering = await startWithPrices(createWorld(file))
    const other = openSqlite({ file, readonly: true })
    const find = other.prepare('SELECT count(*) AS n FROM outbox WHERE id = ?')
    const seen: unknown[] = []
    ordering.broker.onPublish = (messages) => seen.push(...messages.map(({ id }) => find.get(id)?.n))
    const ids = await Promise.all(Array.from({ length: 10 }, () => place(ordering)))
    for (const id of ids) await ordering.ask(`POST /api/v1/orders/${id}/cancel`, { key: newKey() })
    await ordering.clock.settle()
    expect(seen).toEqual(Array.from({ length: 20 }, () => 1))
    other.close()
  })

  it('an order that cannot be stored is not answered with success, nor published', async () => {
    const ordering = await startWithPrices()
    ordering.sqlite.exec("CREATE TRIGGER broken BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'broken'); END")
    const before = stored(ordering)
    const answer = await ordering.ask('POST /api/v1/orders', { body: placement, key: 'k' })
    await ordering.clock.pass(60_000)
    expect([answer.status, flawsOf(answer)]).toEqual([500, []])
    expect(JSON.stringify(answer.body)).not.toMatch(/broken|orders_|SQL/)
    expect(stored(ordering)).toEqual(before)
    expect(ordering.broker.taken).toEqual([])
  })

  it('one order that cannot be stored harms no neighbour', async () => {
    const ordering = await startWithPrices()
    ordering.sqlite.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON orders WHEN NEW.total = 450 BEGIN SELECT RAISE(ABORT, 'broken'); END",
    )
    const asks = [2, 3, 1, 4, 5].map((quantity) => {
      const body = { ...placement, lines: [{ sku: 'TEA-1', quantity }] }
      return ordering.ask('POST /api/v1/orders', { body, key: newKey() })
    })
    expect((await Promise.all(asks)).map(({ status }) => status)).toEqual([202, 202, 500, 202, 202])
    await ordering.clock.settle()
    expect(ordering.broker.said('order.placed.v1')).toHaveLength(4)
  })

  it('a database that is busy is a 503, and the same request succeeds after', async () => {
    const file = databaseFile()
    const ordering = await startWithPrices(createWorld(file))
    const other = openSqlite({ file })
    other.exec('BEGIN IMMEDIATE')
    const answer = await ordering.ask('POST /api/v1/orders', { body: placement, key: 'k' })
    expect(answer.status).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    other.exec('ROLLBACK')
    other.close()
    expect((await ordering.ask('POST /api/v1/orders', { body: placement, key: 'k' })).status).toBe(202)
  })

  it('a message that cannot be stored is the fault of the database, and nothing is lost', async () => {
    const file = databaseFile()
    const ordering = await startWithPrices(createWorld(file))
    const id = await place(ordering)
    const other = openSqlite({ file })
    other.exec('BEGIN IMMEDIATE')
    const reserved = {
      type: 'stock.reserved.v1',
      data: { orderId: id, reservedAt: new Date(0).toISOString() },
    } as const
    expect(await ordering.broker.say(reserved, 0)).toEqual({ kind: 'dependency' })
    other.exec('ROLLBACK')
    other.close()
    expect(await ordering.broker.say(reserved, 0)).toEqual({ kind: 'done' })
    expect(await statusOf(ordering, id)).toBe('reserved')
  })
})

describe('P7: a process that ends', () => {
  it('orderly has published everything it answered for', async () => {
    const file = databaseFile()
    const ordering = await startWithPrices(createWorld(file))
    const ids = await Promise.all(Array.from({ length: 20 }, () => place(ordering)))
    await ordering.drain()
    expect(
      ordering.broker
        .said('order.placed.v1')
        .map(({ data }) => data.orderId)
        .sort(),
    ).toEqual(ids.sort())
    expect(stored(createWorld(file))).toMatchObject({ orders: 20, outbox: 0 })
  })

  it('by a crash leaves its messages to whoever sweeps, once their lease has run out', async () => {
    const world = createWorld()
    const before = await startWithPrices(world)
    world.broker.away = true
    const id = await place(before)
    await before.kill()
    world.broker.away = false
    const after = await startWithPrices(world)
    await world.clock.passUntil(() => world.broker.taken.length > 0)
    await letPeersAnswer(after)
    expect(await statusOf(after, id)).toBe('confirmed')
  })
})
