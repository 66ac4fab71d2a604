import { describe, expect, it } from 'vitest'
import { createWorld, databaseFile, type Ordering, place, startWithPrices, stored, type World } from './ordering.ts'
import { letPeersAnswer } from './peers.ts'

const deadlineAfter = 600_000
const statusOf = async ({ ask }: Ordering, id: string) => (await ask(`GET /api/v1/orders/${id}`)).body.status

describe('P1: a deadline', () => {
  it.each([
    ['nobody answers', 'placed'],
    ['the stock is held, and no payment comes', 'reserved'],
  ])('cancels within 5 s when %s', async (_what, status) => {
    const ordering = await startWithPrices()
    const { broker, clock } = ordering
    const id = await place(ordering)
    if (status === 'reserved') {
      await broker.say({ type: 'stock.reserved.v1', data: { orderId: id, reservedAt: new Date(0).toISOString() } }, 0)
    }
    await clock.pass(deadlineAfter - 1)
    expect(await statusOf(ordering, id)).toBe(status)
    await clock.pass(5_000)
    expect(await statusOf(ordering, id)).toBe('cancelled')
    const data = { orderId: id, reason: 'expired', paymentDue: status === 'reserved' }
    expect(broker.said('order.cancelled.v1').map((event) => event.data)).toEqual([expect.objectContaining(data)])
    await clock.pass(120_000)
    expect(broker.said('order.cancelled.v1')).toHaveLength(1)
  })

  it('leaves a confirmed order alone', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    await letPeersAnswer(ordering)
    await ordering.clock.pass(deadlineAfter + 60_000)
    expect(await statusOf(ordering, id)).toBe('confirmed')
    expect(stored(ordering)).toMatchObject({ due_work: 0, outbox: 0 })
  })

  it('is kept by who starts after a crash, on the same database', async () => {
    const world = createWorld(databaseFile())
    const before = await startWithPrices(world)
    const id = await place(before)
    await before.kill()
    await world.clock.leap(deadlineAfter + 3_600_000)
    const after = await startWithPrices(world)
    await world.clock.pass(5_000)
    expect(await statusOf(after, id)).toBe('cancelled')
    expect(world.broker.said('order.cancelled.v1')).toHaveLength(1)
  })

  it('is kept when its process dies while it is cancelling', async () => {
    const world = createWorld(databaseFile())
    const before = await startWithPrices(world)
    const id = await place(before)
    // It claims the deadline with a lease, and gets no further.
    world.sqlite.exec("CREATE TRIGGER broken BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'broken'); END")
    await world.clock.pass(deadlineAfter + 2_000)
    await before.kill()
    world.sqlite.exec('DROP TRIGGER broken')
    const after = await startWithPrices(world)
    await world.clock.passUntil(() => world.broker.said('order.cancelled.v1').length > 0)
    expect(await statusOf(after, id)).toBe('cancelled')
  })

  it.each([1, 100])('of %i orders is kept within 5 s when the process that has claimed it dies', async (count) => {
    const world = createWorld()
    const before = await startWithPrices(world)
    for (let placed = 0; placed < count; placed += 1) await place(before)
    let died = false
    world.sqlite.function('dies', () => {
      died = true
      void before.kill()
      return 0
    })
    world.sqlite.exec('CREATE TEMP TRIGGER claimed AFTER UPDATE ON main.due_work BEGIN SELECT dies(); END')
    const placedBy = world.clock.now()
    await world.clock.passUntil(() => died, deadlineAfter + 5_000)
    world.sqlite.exec('DROP TRIGGER claimed')
    await startWithPrices(world)
    await world.clock.pass(placedBy + deadlineAfter + 5_000 - world.clock.now())
    const open = world.sqlite.prepare("SELECT count(*) AS n FROM orders WHERE status IN ('placed', 'reserved')").get()
    expect(open?.n).toBe(0)
  })

  it('of many orders that ran out while nobody was there are all kept within 5 s', async () => {
    const world = createWorld()
    const before = await startWithPrices(world)
    for (let count = 0; count < 500; count += 1) await place(before)
    await before.kill()
    await world.clock.leap(deadlineAfter * 2)
    await startWithPrices(world)
    await world.clock.pass(5_000)
    const open = world.sqlite.prepare("SELECT count(*) AS n FROM orders WHERE status IN ('placed', 'reserved')").get()
    expect(open?.n).toBe(0)
  })

  it('passed: stock that is reserved late asks for no payment, and a capture that comes late confirms nothing', async () => {
    const ordering = await startWithPrices()
    const { broker, clock } = ordering
    const [late, later] = [await place(ordering), await place(ordering)]
    const at = new Date(0).toISOString()
    await broker.say({ type: 'stock.reserved.v1', data: { orderId: later, reservedAt: at } }, 0)
    await clock.settle()
    const due = broker.said('order.payment-due.v1').length
    await ordering.kill()
    await clock.leap(deadlineAfter)
    const world: World = ordering
    // Nobody has looked at deadlines yet when the news arrive.
    world.sqlite.exec(`UPDATE due_work SET visible_at = ${clock.now() + 60_000}`)
    const after = await startWithPrices(world)
    await broker.say({ type: 'stock.reserved.v1', data: { orderId: late, reservedAt: at } }, 0)
    const captured = { orderId: later, amount: 3400, currency: 'EUR', capturedAt: at }
    await broker.say({ type: 'payment.captured.v1', data: captured }, 0)
    await clock.settle()
    expect([await statusOf(after, late), await statusOf(after, later)]).toEqual(['cancelled', 'cancelled'])
    expect(broker.said('order.payment-due.v1')).toHaveLength(due)
    expect(broker.said('order.confirmed.v1')).toEqual([])
    const paymentDue = Object.fromEntries(
      broker.said('order.cancelled.v1').map(({ data }) => [data.orderId, data.paymentDue]),
    )
    expect(paymentDue).toEqual({ [late]: false, [later]: true })
  })
})
