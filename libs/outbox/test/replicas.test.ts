import { describe, expect, test } from 'vitest'
import type { Worker } from '../src/attempt.ts'
import { createReplica, createWorld, lease, rows, work } from './replica.ts'

const done: Worker<string> = async ({ id }) => ({ command: id })

describe('what a crash left', () => {
  test('between commit and send is sent by another replica when the lease has run out', async () => {
    const world = createWorld()
    const [first, second] = [createReplica(world), createReplica(world)]
    second.sweeper.start()
    first.commit(rows(world.clock, 50))
    first.kill()
    await world.clock.pass(lease)
    expect(world.broker.delivered).toEqual([])
    await world.clock.pass(1_100)
    expect(world.broker.delivered).toHaveLength(50)
    expect(world.database.outbox.size).toBe(0)
    await second.sweeper.stop()
  })

  test('between commit and outside call is done by another replica when the lease has run out', async () => {
    const world = createWorld()
    const never: Worker<string> = () => new Promise(() => {})
    const first = createReplica(world, { workers: { mail: never } })
    const second = createReplica(world, { workers: { mail: done } })
    second.sweeper.start()
    first.commit([], [work(world.clock, 'w1', 'mail')])
    first.kill()
    await world.clock.pass(lease - 1)
    expect(second.done).toEqual([])
    await world.clock.pass(1_100)
    expect(second.done).toEqual(['w1'])
    await second.sweeper.stop()
  })
})

describe('two replicas', () => {
  test('send each row once and do each work once while leases hold', async () => {
    const world = createWorld()
    world.broker.latency = 30
    const calls: string[] = []
    const worker: Worker<string> = async ({ id }) => {
      calls.push(id)
      await new Promise<void>((resolve) => void world.clock.after(40, resolve))
      return { command: id }
    }
    const replicas = [
      createReplica(world, { workers: { card: worker } }),
      createReplica(world, { workers: { card: worker } }),
    ]
    for (const { sweeper } of replicas) sweeper.start()
    for (let second = 0; second < 60; second += 1) {
      replicas.forEach((replica, index) => {
        const name = `${index}-${second}`
        replica.commit(rows(world.clock, 30, 'orders', name), [
          work(world.clock, `now-${name}`, 'card'),
          work(world.clock, `later-${name}`, 'card', world.clock.now() + 5_000),
        ])
      })
      await world.clock.pass(1_000)
    }
    await world.clock.pass(10_000)
    expect(new Set(world.broker.ids()).size).toBe(3_600)
    expect(world.broker.delivered).toHaveLength(3_600)
    expect(new Set(calls).size).toBe(240)
    expect(calls).toHaveLength(240)
    for (const { sweeper } of replicas) await sweeper.stop()
  })

  test('a broker that is away for a minute gets everything when it is back, each row within its lease', async () => {
    const world = createWorld()
    const replicas = [createReplica(world), createReplica(world)]
    for (const { sweeper } of replicas) sweeper.start()
    world.broker.away.add('orders').add('stock')
    for (let second = 0; second < 60; second += 1) {
      replicas.forEach((replica, index) => {
        for (const topic of ['orders', 'stock'])
          replica.commit(rows(world.clock, 40, topic, `${topic}-${index}-${second}`))
      })
      await world.clock.pass(1_000)
    }
    world.broker.away.delete('stock')
    await world.clock.pass(lease + 6_000)
    expect(new Set(world.broker.ids()).size).toBe(4_800)
    expect(world.broker.delivered.every(({ topic }) => topic === 'stock')).toBe(true)
    world.broker.away.clear()
    await world.clock.pass(lease + 6_000)
    expect(new Set(world.broker.ids()).size).toBe(9_600)
    expect(world.broker.delivered).toHaveLength(9_600)
    expect(world.broker.delivered.every(({ at, leaseUntil }) => at < leaseUntil)).toBe(true)
    expect(world.database.outbox.size).toBe(0)
    for (const { sweeper } of replicas) await sweeper.stop()
  })
})
