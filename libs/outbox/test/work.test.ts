import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, test } from 'vitest'
import type { Worker } from '../src/attempt.ts'
import { createWorkRunner } from '../src/work.ts'
import { createReplica, createWorld, lease, work } from './replica.ts'

const many = (count: number) => Array.from({ length: count }, (_, index) => `w${index}`)
const done: Worker<string> = async ({ id }) => ({ command: id })

describe('due work', () => {
  test('is done at once when it was just committed, without reading the database', async () => {
    const world = createWorld()
    const replica = createReplica(world, { workers: { mail: done } })
    replica.commit([], [work(world.clock, 'w1', 'mail')])
    await world.clock.settle()
    expect(replica.done).toEqual(['w1'])
    expect(replica.attempts).toMatchObject([{ outcome: 'finished', took: 0 }])
    expect(world.database.calls.claimWork).toBe(0)
    expect(world.database.work.size).toBe(0)
  })

  test('that is offered twice is done once', async () => {
    const world = createWorld()
    const calls: string[] = []
    const worker: Worker<string> = async ({ id }) => {
      calls.push(id)
      await new Promise<void>((resolve) => void world.clock.after(100, resolve))
      return { command: id }
    }
    const replica = createReplica(world, { workers: { mail: worker } })
    const offered = work(world.clock, 'w1', 'mail')
    replica.commit([], [offered])
    replica.runner.offer([offered])
    await world.clock.pass(1_000)
    expect(calls).toEqual(['w1'])
  })

  test('is not done before it is due, whoever offers it', async () => {
    const world = createWorld()
    const replica = createReplica(world, { workers: { deadline: done } })
    const later = work(world.clock, 'w1', 'deadline', world.clock.now() + 60_000)
    replica.commit([], [later])
    replica.runner.offer([later])
    replica.sweeper.start()
    await world.clock.pass(59_900)
    expect(replica.done).toEqual([])
    await world.clock.pass(1_200)
    expect(replica.done).toEqual(['w1'])
    await replica.sweeper.stop()
  })

  test('is never begun when its lease would run out before its time-out', async () => {
    const world = createWorld()
    const begun: number[] = []
    const slow: Worker<string> = async ({ id }) => {
      begun.push(world.clock.now())
      await new Promise<void>((resolve) => void world.clock.after(5_000, resolve))
      return { command: id }
    }
    const replica = createReplica(world, { workers: { card: slow }, work: { concurrency: 1 } })
    replica.commit(
      [],
      many(5).map((id) => work(world.clock, id, 'card')),
    )
    await world.clock.pass(60_000)
    expect(begun.map((at) => at - 1_000_000)).toEqual([0, 5_000])
    expect(replica.attempts.filter(({ outcome }) => outcome === 'late')).toHaveLength(3)
    expect(world.database.work.size).toBe(3)
  })

  test('runs as much of one kind at the same time as its concurrency allows, and not more', async () => {
    const world = createWorld()
    let running = 0
    let most = 0
    const busy: Worker<string> = async ({ id }) => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => void world.clock.after(20, resolve))
      running -= 1
      return { command: id }
    }
    const replica = createReplica(world, { workers: { card: busy }, work: { concurrency: 7 } })
    replica.commit(
      [],
      many(100).map((id) => work(world.clock, id, 'card')),
    )
    await world.clock.pass(1_000)
    expect(most).toBe(7)
    expect(replica.done.sort()).toEqual(many(100).sort())
  })

  test('that throws is tried again with a delay that grows, and its neighbours are not held up', async () => {
    const world = createWorld()
    const at: number[] = []
    const worker: Worker<string> = async ({ id }) => {
      if (id !== 'bad') return { command: id }
      at.push(world.clock.now())
      if (at.length < 5) throw new Error('does not work')
      return { command: id }
    }
    const replica = createReplica(world, { workers: { card: worker } })
    replica.sweeper.start()
    replica.commit(
      [],
      ['bad', 'good'].map((id) => work(world.clock, id, 'card')),
    )
    await world.clock.settle()
    expect(replica.done).toEqual(['good'])
    expect(world.database.work.get('bad')).toMatchObject({ attempts: 1 })
    await world.clock.pass(120_000)
    expect(replica.done).toEqual(['good', 'bad'])
    const delays = at.slice(1).map((moment, index) => moment - (at[index] as number))
    delays.forEach((delay, failures) => {
      expect(delay).toBeLessThanOrEqual(1_000 * 2 ** failures + 1_000)
    })
    expect(replica.attempts.filter(({ outcome }) => outcome === 'failed')).toHaveLength(4)
    await replica.sweeper.stop()
  })

  test('may ask to be done again, which is no failure', async () => {
    const world = createWorld()
    const at: number[] = []
    const poll: Worker<string> = async ({ id }) => {
      at.push(world.clock.now())
      return at.length < 3 ? { again: world.clock.now() + 10_000 } : { command: id }
    }
    const replica = createReplica(world, { workers: { refund: poll } })
    replica.sweeper.start()
    replica.commit([], [work(world.clock, 'w1', 'refund')])
    await world.clock.pass(25_000)
    expect(replica.done).toEqual(['w1'])
    expect(at.map((moment) => Math.floor((moment - 1_000_000) / 10_000))).toEqual([0, 1, 2])
    expect(replica.logged.filter(({ level }) => level !== 'info')).toEqual([])
    await replica.sweeper.stop()
  })

  test('of a kind without a worker is logged and left for a newer release', async () => {
    const world = createWorld()
    const replica = createReplica(world, { workers: { mail: done } })
    replica.commit([], [work(world.clock, 'w1', 'fax')])
    await world.clock.settle()
    const left = world.database.work.get('w1')
    expect(left?.visibleAt).toBeGreaterThanOrEqual(world.clock.now() + 30_000)
    expect(replica.logged).toMatchObject([{ level: 'error', message: expect.stringContaining('no worker') }])
  })

  test('whose command the domain refuses is a fault: logged, and never dropped', async () => {
    const world = createWorld()
    const finish = async () => ({ status: 'refused', refusal: 'no such order' }) as const
    const replica = createReplica(world, { workers: { mail: done }, work: { finish } })
    replica.commit([], [work(world.clock, 'w1', 'mail')])
    await world.clock.settle()
    expect(world.database.work.get('w1')).toMatchObject({ attempts: 1 })
    expect(replica.attempts).toMatchObject([{ outcome: 'refused', error: 'no such order' }])
    expect(replica.logged).toMatchObject([{ level: 'error' }])
  })

  test('scheduled anew under its own id by its own command is done at once too', async () => {
    const world = createWorld()
    const dueAts: number[] = []
    const worker: Worker<string> = async ({ id, dueAt }) => {
      dueAts.push(dueAt)
      await new Promise<void>((resolve) => void world.clock.after(100, resolve))
      return { command: id }
    }
    const replica = createReplica(world, {
      workers: { mail: worker },
      work: {
        async finish({ id }) {
          if (dueAts.length < 3) replica.commit([], [work(world.clock, id, 'mail')])
          return { status: 'accepted' }
        },
      },
    })
    const start = world.clock.now()
    replica.commit([], [work(world.clock, 'w1', 'mail')])
    await world.clock.pass(1_000)
    expect(dueAts).toEqual([start, start + 100, start + 200])
    expect(replica.runner.held()).toBe(0)
  })

  test('that is claimed anew while its result waits is put back within the later lease', async () => {
    const world = createWorld()
    const until = world.clock.now() + 40_000
    const finish = async () => {
      if (world.clock.now() < until) throw new Unavailable('the database is away')
      return { status: 'refused' } as const
    }
    const replica = createReplica(world, { workers: { mail: done }, work: { finish } })
    const committed = work(world.clock, 'w1', 'mail')
    replica.commit([], [committed])
    await world.clock.pass(31_000)
    const claimed = { ...committed, visibleAt: world.clock.now() + lease, attempts: 1 }
    world.database.work.set('w1', claimed)
    replica.runner.offer([claimed])
    await world.clock.pass(10_000)
    expect(replica.attempts).toMatchObject([{ outcome: 'refused' }])
    expect(world.database.work.get('w1')).toMatchObject({ attempts: 2 })
  })

  test('its result outlasts an outage of the database, and the work is not done a second time', async () => {
    const world = createWorld()
    let calls = 0
    const once: Worker<string> = async ({ id }) => {
      calls += 1
      return { command: id }
    }
    const replica = createReplica(world, { workers: { mail: once } })
    replica.sweeper.start()
    await world.clock.settle()
    replica.commit([], [work(world.clock, 'w1', 'mail')])
    world.database.away = true
    await world.clock.pass(60_000)
    expect(replica.done).toEqual([])
    world.database.away = false
    await world.clock.pass(40_000)
    expect(replica.done).toEqual(['w1'])
    expect(calls).toBe(1)
    expect(replica.runner.held()).toBe(0)
    await replica.sweeper.stop()
  })
})

describe('a runner', () => {
  test('refuses a time-out that outlives the lease', () => {
    const world = createWorld()
    const options = { store: world.database, clock: world.clock, workers: { card: done }, finish: async () => accepted }
    expect(() => createWorkRunner({ ...options, lease: 30_000, timeout: 29_000 })).toThrow(
      'Work card may take 29000 ms, but its lease is 30000 ms: it must be at least 2000 ms longer.',
    )
    expect(() => createWorkRunner({ ...options, kinds: { card: { timeout: 40_000 } } })).toThrow(RangeError)
  })
})

const accepted = { status: 'accepted' } as const
