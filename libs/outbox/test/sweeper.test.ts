import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, test } from 'vitest'
import type { Worker } from '../src/attempt.ts'
import type { Backlog } from '../src/sweeper.ts'
import { createReplica, createWorld, rows, work } from './replica.ts'

const done: Worker<string> = async ({ id }) => ({ command: id })
const many = (count: number) => Array.from({ length: count }, (_, index) => `w${index}`)

describe('the sweeper', () => {
  test('acts on a deadline within a second of its time', async () => {
    const world = createWorld()
    const acted: number[] = []
    const worker: Worker<string> = async ({ id, dueAt }) => {
      acted.push(world.clock.now() - dueAt)
      return { command: id }
    }
    const replica = createReplica(world, { workers: { deadline: worker } })
    replica.sweeper.start()
    for (const id of many(300)) {
      replica.commit([], [work(world.clock, id, 'deadline', world.clock.now() + 10_000)])
      await world.clock.pass(77)
    }
    await world.clock.pass(11_000)
    expect(acted).toHaveLength(300)
    expect(Math.min(...acted)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...acted)).toBeLessThanOrEqual(1_000)
    await replica.sweeper.stop()
  })

  test('works off a long backlog without waiting between full batches, and never takes more than there is room for', async () => {
    const world = createWorld()
    world.broker.latency = 5
    let running = 0
    const worker: Worker<string> = async ({ id }) => {
      running += 1
      await new Promise<void>((resolve) => void world.clock.after(5, resolve))
      running -= 1
      return { command: id }
    }
    const options = { workers: { card: worker }, limits: { held: 1_000 } }
    const replica = createReplica(world, options)
    for (const row of rows(world.clock, 20_000)) world.database.outbox.set(row.id, { ...row, leaseUntil: 0 })
    for (const id of many(5_000)) world.database.work.set(id, { ...work(world.clock, id, 'card'), visibleAt: 0 })
    replica.sweeper.start()
    await world.clock.pass(1_000)
    expect(new Set(world.broker.ids()).size).toBe(20_000)
    expect(world.broker.delivered).toHaveLength(20_000)
    expect(replica.done).toHaveLength(5_000)
    expect(replica.failed).toEqual([])
    expect(replica.attempts.every(({ outcome }) => outcome === 'finished')).toBe(true)
    expect(running).toBe(0)
    await replica.sweeper.stop()
  })

  test('a long backlog of messages does not keep deadlines waiting', async () => {
    const world = createWorld()
    const replica = createReplica(world, { workers: { deadline: done } })
    const backlog = rows(world.clock, 500)
    let claims = 0
    const store = {
      claimOutbox: async (_now: number, leaseUntil: number, limit: number) => {
        await new Promise<void>((resolve) => void world.clock.after(50, resolve))
        claims += 1
        return backlog.slice(0, limit).map((row) => ({ ...row, id: `${claims}-${row.id}`, leaseUntil }))
      },
      claimWork: world.database.claimWork.bind(world.database),
      prune: async () => false,
      backlog: async () => ({}),
    }
    const endless = createReplica(world, { workers: { deadline: done }, sweeper: { store } })
    endless.sweeper.start()
    replica.commit([], [work(world.clock, 'w1', 'deadline', world.clock.now() + 2_000)])
    await world.clock.pass(3_000)
    expect(claims).toBeGreaterThan(50)
    expect(endless.done).toEqual(['w1'])
    endless.kill()
  })

  test('a database that is away is logged once, waited for, and swept again within seconds of its return', async () => {
    const world = createWorld()
    const replica = createReplica(world, { workers: { deadline: done } })
    replica.sweeper.start()
    await world.clock.pass(2_000)
    world.database.away = true
    const before = world.database.calls.claimWork
    await world.clock.pass(120_000)
    expect(world.database.calls.claimWork - before).toBeLessThan(65)
    world.database.work.set('w1', work(world.clock, 'w1', 'deadline', world.clock.now() + 1))
    world.database.away = false
    await world.clock.pass(4_100)
    expect(replica.done).toEqual(['w1'])
    expect(replica.logged.map(({ message }) => message)).toEqual(['sweeping waits for the store', 'sweeping goes on'])
    await replica.sweeper.stop()
  })

  test('one part that fails does not keep the others from being done', async () => {
    const world = createWorld()
    const { database } = world
    const store = {
      claimOutbox: () => Promise.reject(new Error('syntax error')),
      claimWork: database.claimWork.bind(database),
      prune: () => Promise.reject(new Unavailable('deadlock')),
      backlog: database.backlog.bind(database),
    }
    const replica = createReplica(world, { workers: { deadline: done }, sweeper: { store } })
    replica.sweeper.start()
    replica.commit([], [work(world.clock, 'w1', 'deadline', world.clock.now() + 10_000)])
    await world.clock.pass(14_100)
    expect(replica.done).toEqual(['w1'])
    await replica.sweeper.stop()
  })

  test('prunes now and then, in bounded batches, until nothing is left', async () => {
    const world = createWorld()
    world.database.stale = 7_000
    const replica = createReplica(world)
    replica.sweeper.start()
    await world.clock.pass(63_000)
    expect(world.database.stale).toBe(0)
    const calls = world.database.calls.prune
    expect(calls).toBeGreaterThanOrEqual(14)
    await world.clock.pass(300_000)
    expect(world.database.calls.prune - calls).toBeLessThanOrEqual(7)
    await replica.sweeper.stop()
  })

  test('reports how old the backlog is', async () => {
    const world = createWorld()
    const reports: Backlog[] = []
    const replica = createReplica(world, { sweeper: { onBacklog: (backlog) => reports.push(backlog) } })
    replica.sweeper.start()
    await world.clock.settle()
    expect(reports).toEqual([{ oldestOutboxAge: 0, oldestWorkAge: 0 }])
    world.broker.away.add('orders')
    replica.commit(rows(world.clock, 1), [work(world.clock, 'w1', 'fax')])
    await world.clock.pass(12_000)
    expect(reports.length).toBe(3)
    expect(reports.at(-1)?.oldestOutboxAge).toBeGreaterThanOrEqual(10_000)
    expect(reports.at(-1)?.oldestWorkAge).toBeGreaterThanOrEqual(10_000)
    await replica.sweeper.stop()
  })

  test('does a round when it is woken, and none after it was stopped', async () => {
    const world = createWorld()
    const replica = createReplica(world)
    replica.sweeper.start()
    await world.clock.settle()
    const { calls } = world.database
    replica.sweeper.wake()
    await world.clock.settle()
    expect(calls.claimOutbox).toBe(2)
    await replica.sweeper.stop()
    replica.sweeper.wake()
    await world.clock.pass(10_000)
    expect(calls.claimOutbox).toBe(2)
  })

  test('is stopped when its last claim is over', async () => {
    const world = createWorld()
    const { database, clock } = world
    const store = {
      claimOutbox: async () => [],
      claimWork: async () => {
        await new Promise<void>((resolve) => void clock.after(3_000, resolve))
        return []
      },
      prune: database.prune.bind(database),
      backlog: database.backlog.bind(database),
    }
    const { sweeper } = createReplica(world, { sweeper: { store } })
    sweeper.start()
    let stopped = false
    const stopping = sweeper.stop().then(() => {
      stopped = true
    })
    await clock.pass(2_999)
    expect(stopped).toBe(false)
    await clock.pass(1)
    await stopping
  })
})
