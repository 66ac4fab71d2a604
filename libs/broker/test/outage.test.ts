import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, it } from 'vitest'
import { renewedFor } from '../src/transport.ts'
import { setUp } from './rig.ts'

const ids = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`)

describe('P1: an outage of a dependency', () => {
  for (const [name, error] of [
    ['Unavailable', () => new Unavailable('the database is away')],
    ['DependencyUnavailable', () => Object.assign(new Error('card'), { name: 'DependencyUnavailable' })],
    ['a cause that is Unavailable', () => new Error('handling failed', { cause: new Unavailable('away') })],
  ] as const) {
    it(`gives each message back once and takes nothing more (${name})`, async () => {
      const { clock, transport, count } = setUp(
        async () => {
          throw error()
        },
        { probe: () => Promise.reject(new Error('still away')) },
      )
      transport.add(...ids(150))
      await clock.pass(1_000)
      expect(transport.taking()).toHaveLength(0)
      expect(count('abandoned')).toBe(100)
      expect(transport.letters.filter(({ deliveries }) => deliveries > 1)).toEqual([])
      await clock.pass(600_000)
      expect(count('abandoned')).toBe(100)
      expect(transport.taking()).toHaveLength(0)
    })
  }

  it('gives messages back only after the receiver has stopped, or they would come again at once', async () => {
    const { clock, transport, count } = setUp(async () => {
      throw new Unavailable('away')
    })
    const drained = Promise.withResolvers<void>()
    transport.drained = drained.promise
    transport.add('a', 'b')
    await clock.settle()
    expect(transport.letters).toMatchObject([{ state: 'in hand' }, { state: 'in hand' }])
    drained.resolve()
    await clock.settle()
    expect(transport.letters).toMatchObject([
      { state: 'waiting', deliveries: 1 },
      { state: 'waiting', deliveries: 1 },
    ])
    expect(count('abandoned')).toBe(2)
  })

  it('of an hour dead-letters nothing, and everything flows when it is back', async () => {
    let away = true
    const { clock, transport, count } = setUp(
      async () => {
        if (away) throw new Unavailable('the database is away')
      },
      { probe: async () => void (away && (await Promise.reject(new Error('away')))) },
    )
    transport.add(...ids(300))
    await clock.pass(3_600_000)
    away = false
    await clock.pass(20_000)
    expect(transport.letters.every(({ state }) => state === 'completed')).toBe(true)
    expect(Math.max(...transport.letters.map(({ deliveries }) => deliveries))).toBeLessThanOrEqual(2)
    expect(count('dead-lettered')).toBe(0)
    expect(transport.taking()).toMatchObject([{ concurrency: 100 }])
  })

  it('that the probe does not see tries one message at a time, and holds it instead of burning its deliveries', async () => {
    let away = true
    const { clock, transport, count } = setUp(
      async () => {
        if (away) throw new Unavailable('disk full: reads work, writes do not')
      },
      { probe: async () => 'fine' },
    )
    transport.add(...ids(300))
    await clock.pass(540_000)
    expect(count('dead-lettered')).toBe(0)
    // All were given back once, but for the one that is tried again and again in hand.
    expect(count('abandoned')).toBe(100)
    expect(transport.letters.filter(({ state }) => state === 'in hand')).toHaveLength(1)
    away = false
    await clock.pass(20_000)
    expect(transport.letters.every(({ state }) => state === 'completed')).toBe(true)
  })

  it('that the probe does not see dead-letters nothing in a day', async () => {
    let away = true
    const { clock, transport, count } = setUp(
      async () => {
        if (away) throw new Unavailable('disk full: reads work, writes do not')
      },
      { probe: async () => 'fine' },
    )
    transport.add(...ids(3))
    const takenAt = new Map<string, number>()
    for (let minute = 0; minute < 24 * 60; minute++) {
      await clock.pass(60_000)
      transport.lapse(takenAt, clock.now())
    }
    expect(transport.letters.filter(({ state }) => state === 'dead')).toEqual([])
    away = false
    // One whose lock has just run out comes again.
    for (let minute = 0; minute < 3; minute++) {
      await clock.pass(60_000)
      transport.lapse(takenAt, clock.now())
    }
    await clock.settle()
    expect(transport.letters.every(({ state }) => state === 'completed')).toBe(true)
    expect(count('dead-lettered')).toBe(0)
  })

  it('that comes again and again dead-letters nothing: from the fifth delivery on a message stays in hand', async () => {
    let away = false
    const { clock, transport, count } = setUp(async () => {
      if (away) throw new Unavailable('away')
    })
    for (let outage = 0; outage < 40; outage++) {
      away = true
      transport.add(`m${outage}`)
      await clock.pass(3_000)
      away = false
      await clock.pass(40_000)
    }
    expect(count('dead-lettered')).toBe(0)
    expect(transport.letters.every(({ state }) => state === 'completed')).toBe(true)
    away = true
    transport.letter('m0').state = 'waiting'
    transport.letter('m0').deliveries = 4
    transport.add('fresh')
    await clock.pass(120_000)
    expect(transport.letter('m0')).toMatchObject({ deliveries: 5, state: 'in hand' })
    away = false
    await clock.pass(20_000)
    expect(transport.letter('m0')).toMatchObject({ deliveries: 5, state: 'completed' })
  })

  it('whose probe never answers is probed again', async () => {
    let probes = 0
    const { clock, transport } = setUp(
      async () => {
        if (probes < 3) throw new Unavailable('away')
      },
      {
        probe: () => {
          probes += 1
          return probes < 3 ? new Promise(() => {}) : Promise.resolve()
        },
      },
    )
    transport.add('a')
    await clock.pass(60_000)
    expect(probes).toBe(3)
    expect(transport.letter('a').state).toBe('completed')
  })

  it('without a probe is tried with a message', async () => {
    let away = true
    const { clock, transport } = setUp(async () => {
      if (away) throw new Unavailable('away')
    })
    transport.add('a', 'b')
    await clock.pass(30_000)
    away = false
    await clock.pass(20_000)
    expect(transport.letters.every(({ state }) => state === 'completed')).toBe(true)
  })

  it('lets a message go whose lock lapsed in hand: someone else has it by now', async () => {
    let away = true
    const { clock, transport, count } = setUp(async () => {
      if (away) throw new Unavailable('away')
    })
    transport.add('a')
    await clock.pass(5_000)
    expect(transport.letter('a')).toMatchObject({ state: 'in hand', deliveries: 2 })
    await clock.pass(renewedFor + 60_000)
    // What the real broker does when a lock runs out.
    transport.letter('a').state = 'waiting'
    away = false
    transport.add('b')
    await clock.pass(20_000)
    expect(transport.letter('a')).toMatchObject({ state: 'completed', deliveries: 3 })
    expect(count('settlement-failed')).toBe(0)
  })
})
