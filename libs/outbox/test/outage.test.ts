import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, test } from 'vitest'
import type { Worker } from '../src/attempt.ts'
import { createReplica, createWorld, lease, rows, work } from './replica.ts'

const many = (count: number) => Array.from({ length: count }, (_, index) => `w${index}`)
const done: Worker<string> = async ({ id }) => ({ command: id })

describe('an outage', () => {
  test('starts one call at a time until one succeeds, then everything is done', async () => {
    const world = createWorld()
    let away = true
    const calls: number[] = []
    const worker: Worker<string> = async ({ id }) => {
      calls.push(world.clock.now())
      if (away) throw new Unavailable('the card processor is away')
      return { command: id }
    }
    const replica = createReplica(world, { workers: { card: worker, mail: done }, work: { concurrency: 8 } })
    replica.sweeper.start()
    replica.commit(
      [],
      many(500).map((id) => work(world.clock, id, 'card')),
    )
    await world.clock.pass(60_000)
    expect(calls.length).toBeLessThan(8 + 20)
    expect(replica.runner.room()).toBeGreaterThan(0)
    replica.commit(
      [],
      [work(world.clock, 'letter', 'mail'), work(world.clock, 'reminder', 'mail', world.clock.now() + 3_000)],
    )
    await world.clock.settle()
    expect(replica.done).toEqual(['letter'])
    await world.clock.pass(4_100)
    expect(replica.done).toEqual(['letter', 'reminder'])
    away = false
    await world.clock.pass(45_000)
    expect(replica.done.sort()).toEqual([...many(500), 'letter', 'reminder'].sort())
    expect(replica.attempts.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    await replica.sweeper.stop()
  })

  test('of all that a process does makes it claim only what it can begin when the outage ends', async () => {
    const world = createWorld()
    const away: Worker<string> = () => Promise.reject(new Unavailable('the card processor is away'))
    const replica = createReplica(world, { workers: { card: away }, work: { concurrency: 8 } })
    for (const id of many(500)) world.database.work.set(id, { ...work(world.clock, id, 'card'), visibleAt: 0 })
    for (const row of rows(world.clock, 20_000)) world.database.outbox.set(row.id, { ...row, leaseUntil: 0 })
    world.broker.away.add('orders')
    replica.sweeper.start()
    await world.clock.pass(15_000)
    const hidden = [...world.database.work.values()].filter(({ visibleAt }) => visibleAt > world.clock.now())
    const leased = [...world.database.outbox.values()].filter(({ leaseUntil }) => leaseUntil > world.clock.now())
    expect(hidden.length).toBeLessThanOrEqual(3 * 8)
    expect(leased.length).toBeLessThanOrEqual(10_000)
    expect(replica.runner.room() + replica.runner.held()).toBeLessThanOrEqual(8)
    expect(replica.relay.held()).toBeLessThanOrEqual(2_200)
    expect(replica.relay.room()).toBe(0)
    await replica.sweeper.stop()
  })

  test('is what a worker without an answer is taken for; its signal tells it to give up', async () => {
    const world = createWorld()
    let gaveUp: unknown
    const silent: Worker<string> = (_work, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          gaveUp = signal.reason
          reject(new Error('aborted'))
        })
      })
    const replica = createReplica(world, { workers: { card: silent } })
    replica.commit([], [work(world.clock, 'w1', 'card')])
    await world.clock.pass(19_999)
    expect(gaveUp).toBeUndefined()
    await world.clock.pass(1)
    expect(gaveUp).toBeInstanceOf(Unavailable)
    expect(replica.attempts).toMatchObject([{ outcome: 'unavailable', took: 20_000 }])
    expect(world.database.work.get('w1')).toMatchObject({ attempts: 0 })
  })

  test('a worker that does not heed its signal loses its place when its lease ends, and touches nothing after it', async () => {
    const world = createWorld()
    const replica = createReplica(world, { workers: { card: () => new Promise(() => {}) } })
    const before = work(world.clock, 'w1', 'card')
    replica.commit([], [before])
    await world.clock.pass(lease)
    expect(replica.runner.held()).toBe(0)
    expect(world.database.calls.postpone).toBe(0)
    expect(world.database.work.get('w1')).toEqual(before)
    expect(replica.logged.filter(({ level }) => level === 'error')).toHaveLength(1)
  })
})
