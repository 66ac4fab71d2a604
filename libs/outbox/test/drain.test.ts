import { describe, expect, test } from 'vitest'
import type { Worker } from '../src/attempt.ts'
import { createReplica, createWorld, rows, work } from './replica.ts'

describe('drain of the relay', () => {
  test('waits until everything is sent and deleted', async () => {
    const world = createWorld()
    world.broker.latency = 50
    world.database.forgetTakes = 500
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 3_000))
    const left = replica.relay.drain(world.clock.now() + 10_000).then(() => world.database.outbox.size)
    await world.clock.pass(3_000)
    expect(await left).toBe(0)
    expect(world.broker.delivered).toHaveLength(3_000)
  })

  test('ends at its deadline, and nothing is sent after it', async () => {
    const world = createWorld()
    world.broker.away.add('orders')
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 3))
    let drained = false
    const draining = replica.relay.drain(world.clock.now() + 5_000).then(() => {
      drained = true
    })
    await world.clock.pass(4_999)
    expect(drained).toBe(false)
    await world.clock.pass(1)
    await draining
    const sends = world.broker.sends.length
    replica.relay.offer(rows(world.clock, 1, 'orders', 'late'))
    world.broker.away.clear()
    await world.clock.pass(30_000)
    expect(world.broker.sends).toHaveLength(sends)
    expect(replica.relay.held()).toBe(0)
    expect(world.database.outbox.size).toBe(3)
  })

  test('what is in flight at its deadline and fails after it is not sent again', async () => {
    const world = createWorld()
    world.broker.latency = 2_000
    world.broker.away.add('orders')
    const replica = createReplica(world)
    replica.commit(rows(world.clock, 3))
    const draining = replica.relay.drain(world.clock.now() + 1_000)
    await world.clock.pass(60_000)
    await draining
    expect(world.broker.sends).toHaveLength(1)
  })
})

describe('drain of the runner', () => {
  test('ends what it has, takes nothing more, and leaves the rest to others at its deadline', async () => {
    const world = createWorld()
    const signals: AbortSignal[] = []
    const worker: Worker<string> = async ({ id }, signal) => {
      signals.push(signal)
      await new Promise<void>((resolve) => void world.clock.after(id === 'slow' ? 15_000 : 1_000, resolve))
      return { command: id }
    }
    const replica = createReplica(world, { workers: { card: worker } })
    replica.commit(
      [],
      ['quick', 'slow'].map((id) => work(world.clock, id, 'card')),
    )
    let drained = false
    const draining = replica.runner.drain(world.clock.now() + 5_000).then(() => {
      drained = true
    })
    replica.commit([], [work(world.clock, 'new', 'card')])
    await world.clock.pass(4_999)
    expect([drained, replica.done]).toEqual([false, ['quick']])
    await world.clock.pass(1)
    await draining
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true])
    expect([...world.database.work.keys()]).toEqual(['slow', 'new'])
  })

  test('work that gives up at the deadline is not put back: its lease stands', async () => {
    const world = createWorld()
    const obedient: Worker<string> = (_work, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
    const replica = createReplica(world, { workers: { card: obedient } })
    replica.commit([], [work(world.clock, 'w1', 'card')])
    const draining = replica.runner.drain(world.clock.now() + 1_000)
    await world.clock.pass(60_000)
    await draining
    expect(replica.runner.held()).toBe(0)
    expect(world.database.calls.postpone).toBe(0)
  })
})
