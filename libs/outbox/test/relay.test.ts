import { describe, expect, test } from 'vitest'
import { createReplica, createWorld, lease, rows } from './replica.ts'

const sorted = (ids: Iterable<string>) => [...ids].sort()

describe('the relay', () => {
  test('sends what was committed from memory, in one batch, and never reads the database', async () => {
    const world = createWorld()
    const replica = createReplica(world)
    for (const row of rows(world.clock, 150)) replica.commit([row])
    await world.clock.settle()
    expect(world.broker.sends).toEqual([{ topic: 'orders', size: 150, at: world.clock.now() }])
    expect(world.database.outbox.size).toBe(0)
    expect(world.database.calls).toMatchObject({ claimOutbox: 0, forget: 1 })
    expect(replica.relay.held()).toBe(0)
  })

  test('sends at most 200 rows at a time and has at most four sends of a topic in flight', async () => {
    const world = createWorld()
    world.broker.latency = 10
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 2_500))
    await world.clock.pass(1_000)
    expect(Math.max(...world.broker.sends.map(({ size }) => size))).toBe(200)
    expect(world.broker.mostInFlight).toBe(4)
    expect(new Set(world.broker.ids()).size).toBe(2_500)
    expect(world.broker.delivered).toHaveLength(2_500)
  })

  test('never sends a row whose lease would run out before the answer', async () => {
    const world = createWorld()
    world.broker.away.add('orders')
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 3))
    await world.clock.pass(20_000)
    world.broker.away.clear()
    await world.clock.pass(120_000)
    expect(world.broker.delivered).toEqual([])
    expect(replica.relay.held()).toBe(0)
    expect(world.database.outbox.size).toBe(3)
    expect(replica.failed.at(-1)).toMatchObject({ reason: 'late', topic: 'orders' })
    expect(Math.max(...world.broker.sends.map(({ at }) => at))).toBeLessThanOrEqual(1_000_000 + lease - 11_000)
  })

  test('a send that never answers counts as failed within its time-out', async () => {
    const world = createWorld()
    world.broker.silent = true
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 1))
    await world.clock.pass(10_000)
    expect(replica.failed).toMatchObject([{ reason: 'unavailable' }])
    world.broker.silent = false
    await world.clock.pass(1_000)
    expect(world.broker.copies('orders.0')).toBe(1)
  })

  test('tries again with a pause that is never nothing, one send at a time, while the broker is away', async () => {
    const world = createWorld()
    world.broker.away.add('orders')
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 1_000))
    await world.clock.pass(15_000)
    const again = world.broker.sends.slice(4).map(({ at }) => at)
    const gaps = again.map((at, index) => at - (again[index - 1] ?? 1_000_000))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(50)
    expect(again.length).toBeGreaterThan(3)
    expect(again.length).toBeLessThan(15)
    world.broker.away.clear()
    await world.clock.pass(5_000)
    expect(sorted(world.broker.ids())).toEqual(sorted(rows(world.clock, 1_000).map(({ id }) => id)))
    expect(replica.logged.filter(({ message }) => message === 'messages cannot be sent; trying again')).toHaveLength(1)
  })

  test('one topic that fails does not stop another, even when its rows would fill the memory', async () => {
    const world = createWorld()
    world.broker.away.add('orders')
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 10_000, 'orders'))
    await world.clock.settle()
    replica.commit(rows(world.clock, 1_000, 'orders', 'more'))
    await world.clock.settle()
    expect(replica.relay.held()).toBeLessThanOrEqual(2_000 + 200)
    replica.commit(rows(world.clock, 500, 'stock'))
    await world.clock.settle()
    expect(world.broker.delivered).toHaveLength(500)
    expect(world.broker.delivered.every(({ topic }) => topic === 'stock')).toBe(true)
  })

  test('holds at most 10,000 rows; the others stay in the database', async () => {
    const world = createWorld()
    world.broker.latency = 100
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 12_000))
    expect(replica.relay.held()).toBe(10_000)
    expect(replica.relay.room()).toBe(0)
    expect(replica.failed).toMatchObject([{ reason: 'full', topic: 'orders' }])
    expect(replica.failed[0]?.rows).toHaveLength(2_000)
    await world.clock.pass(5_000)
    expect(world.broker.delivered).toHaveLength(10_000)
    expect(world.database.outbox.size).toBe(2_000)
  })

  test('a lost answer makes one more copy at most, and it is counted', async () => {
    const world = createWorld()
    world.broker.losesAnswers = 1
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 20))
    await world.clock.pass(1_000)
    for (const { id } of rows(world.clock, 20)) expect(world.broker.copies(id)).toBe(2)
    expect(replica.sent).toMatchObject([{ repeated: 20 }])
    expect(world.database.outbox.size).toBe(0)
  })

  test('a row that is claimed anew while it is in memory is sent once, within the later lease', async () => {
    const world = createWorld()
    world.broker.away.add('orders')
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 1))
    await world.clock.pass(15_000)
    replica.relay.offer(rows(world.clock, 1))
    await world.clock.pass(10_000)
    world.broker.away.clear()
    await world.clock.pass(5_000)
    expect(world.broker.copies('orders.0')).toBe(1)
  })

  test('a refused message does not hold up its neighbours', async () => {
    const world = createWorld()
    world.broker.refuses.add('orders.7').add('orders.11')
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 20))
    await world.clock.settle()
    expect(world.broker.delivered).toHaveLength(18)
    expect([...world.database.outbox.keys()]).toEqual(['orders.7', 'orders.11'])
    expect(replica.failed).toMatchObject([{ reason: 'refused' }, { reason: 'refused' }])
    expect(replica.logged.filter(({ level }) => level === 'error')).toHaveLength(2)
  })

  test('a message that breaks its batch without being named is found, and its neighbours go out', async () => {
    const world = createWorld()
    world.broker.chokesOn.add('orders.123')
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 200))
    await world.clock.pass(5_000)
    expect(world.broker.delivered).toHaveLength(199)
    expect([...world.database.outbox.keys()]).toEqual(['orders.123'])
    expect(replica.failed.at(-1)).toMatchObject({ reason: 'refused' })
  })

  test('a refused message is tried again after a delay that grows', async () => {
    const world = createWorld()
    world.broker.refuses.add('orders.0')
    const replica = createReplica(world)
    replica.sweeper.start()
    replica.commit(rows(world.clock, 1))
    await world.clock.pass(20 * 60_000)
    const at = world.broker.sends.map((send) => send.at)
    const gaps = at.slice(1).map((moment, index) => moment - (at[index] as number))
    expect(gaps.length).toBeGreaterThanOrEqual(4)
    expect(gaps.every((gap, index) => gap >= 30_000 * 2 ** index)).toBe(true)
    world.broker.refuses.clear()
    await world.clock.pass(16 * 60_000)
    expect(world.broker.copies('orders.0')).toBe(1)
    expect(world.database.outbox.size).toBe(0)
    await replica.sweeper.stop()
  })

  test('what was sent is not sent again when the database could not delete it for a while', async () => {
    const world = createWorld()
    const replica = createReplica(world)
    replica.sweeper.start()
    world.database.forgetTakes = Number.POSITIVE_INFINITY
    replica.commit(rows(world.clock, 5))
    await world.clock.pass(100_000)
    expect(world.database.outbox.size).toBe(5)
    world.database.forgetTakes = 0
    await world.clock.pass(6_000)
    expect(world.broker.delivered).toHaveLength(5)
    expect(world.database.outbox.size).toBe(0)
    await replica.sweeper.stop()
  })
})
