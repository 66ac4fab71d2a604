import { Unreadable } from '@flotilla/contracts/envelope'
import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, it } from 'vitest'
import { DeadLetter } from '../src/broker.ts'
import { setUp } from './rig.ts'

describe('a message', () => {
  it('is completed when its listener resolves, and not before', async () => {
    const gate = Promise.withResolvers<void>()
    const { clock, transport } = setUp(() => gate.promise)
    transport.add('a')
    await clock.settle()
    expect(transport.letter('a').state).toBe('in hand')
    gate.resolve()
    await clock.settle()
    expect(transport.letter('a').state).toBe('completed')
  })

  it('is dead-lettered at once with the reason and description the listener gives', async () => {
    const { clock, transport, events } = setUp(async ({ messageId }) => {
      if (messageId === 'refused') throw new DeadLetter('Refused', 'the order is confirmed already')
      throw new Unreadable('NotJson', 'no JSON at position 3')
    })
    transport.add('refused', 'unreadable')
    await clock.settle()
    expect(transport.letters).toMatchObject([
      { state: 'dead', deliveries: 1, reason: 'Refused', description: 'the order is confirmed already' },
      { state: 'dead', deliveries: 1, reason: 'NotJson', description: 'no JSON at position 3' },
    ])
    expect(events).toMatchObject([
      { kind: 'dead-lettered', messageId: 'refused' },
      { kind: 'dead-lettered', messageId: 'unreadable' },
    ])
  })

  it('that fails is tried again in process, and given back only after three tries', async () => {
    let tries = 0
    const { clock, transport } = setUp(async () => {
      tries += 1
      if (tries < 3) throw new Error('not yet')
    })
    transport.add('a')
    await clock.settle()
    expect(tries).toBe(1)
    await clock.pass(1_000)
    expect(tries).toBe(3)
    expect(transport.letter('a')).toMatchObject({ state: 'completed', deliveries: 1 })
  })

  it('that always fails is dead-lettered on its tenth delivery with its last error, and holds up nobody', async () => {
    const { clock, transport, count } = setUp(async ({ messageId }) => {
      if (messageId === 'poison') throw new TypeError('total is not a number')
    })
    transport.add('poison', 'good')
    await clock.settle()
    expect(transport.letter('good').state).toBe('completed')
    await clock.pass(300_000)
    expect(transport.letter('poison')).toMatchObject({
      state: 'dead',
      deliveries: 10,
      reason: 'MaxDeliveryCountExceeded',
      description: 'TypeError: total is not a number',
    })
    expect(count('abandoned')).toBe(9)
    expect(count('breaker')).toBe(0)
  })

  it('whose settlement fails is counted, and the consumer goes on', async () => {
    const { clock, transport, count } = setUp(async () => {})
    transport.failsToSettle = true
    transport.add('a')
    await clock.settle()
    transport.failsToSettle = false
    transport.add('b')
    await clock.settle()
    expect(count('settlement-failed')).toBe(1)
    expect(transport.letter('b').state).toBe('completed')
  })
})

describe('a silent receiver (azure-sdk-for-js#38988)', () => {
  it('is replaced after a minute, at most every five minutes, and messages flow again', async () => {
    const { clock, transport, count } = setUp(async () => {})
    transport.add('a')
    await clock.settle()
    const [first] = transport.receivers
    if (!first) throw new Error('no receiver')
    first.silent = true
    transport.add('b')
    await clock.pass(59_000)
    expect(count('restarted')).toBe(0)
    await clock.pass(17_000)
    expect(count('restarted')).toBe(1)
    expect(first.closed).toBe(true)
    expect(transport.letter('b').state).toBe('completed')
    await clock.pass(290_000)
    expect(count('restarted')).toBe(1)
    await clock.pass(30_000)
    expect(count('restarted')).toBe(2)
    expect(transport.taking()).toHaveLength(1)
  })

  it('is left alone while it handles messages or holds one', async () => {
    const gate = Promise.withResolvers<void>()
    const { clock, transport, count } = setUp(({ messageId }) =>
      messageId === 'slow' ? gate.promise : Promise.resolve(),
    )
    for (let minute = 0; minute < 10; minute++) {
      transport.add(`m${minute}`)
      await clock.pass(50_000)
    }
    transport.add('slow')
    await clock.pass(300_000)
    expect(count('restarted')).toBe(0)
    gate.resolve()
  })
})

describe('P7: the end', () => {
  it('finishes what is in hand, takes nothing more, and hangs up', async () => {
    const gate = Promise.withResolvers<void>()
    const { clock, transport, consumer } = setUp(() => gate.promise)
    transport.add('a')
    await clock.settle()
    const closed = consumer.close()
    await clock.settle()
    transport.add('b')
    gate.resolve()
    await closed
    expect(transport.letters).toMatchObject([
      { id: 'a', state: 'completed' },
      { id: 'b', state: 'waiting', deliveries: 0 },
    ])
    expect(transport.receivers.every(({ closed }) => closed)).toBe(true)
  })

  it('gives back what outlasts the grace, and ignores what its listener says later', async () => {
    const gate = Promise.withResolvers<void>()
    const { clock, transport, consumer, count } = setUp(() => gate.promise)
    transport.add('a')
    await clock.settle()
    const closed = consumer.close(5_000)
    await clock.pass(4_999)
    expect(transport.letter('a').state).toBe('in hand')
    await clock.pass(1)
    await closed
    expect(transport.letter('a').state).toBe('waiting')
    gate.resolve()
    await clock.settle()
    expect(transport.letter('a').state).toBe('waiting')
    expect(count('settlement-failed')).toBe(0)
  })

  it('handles what still arrives while it stops, and lets it wait for nothing', async () => {
    const { clock, transport, consumer } = setUp(async ({ messageId }) => {
      if (messageId === 'failing') throw new Error('no')
    })
    const drained = Promise.withResolvers<void>()
    transport.drained = drained.promise
    const closed = consumer.close()
    transport.add('good', 'failing')
    await clock.settle()
    expect(transport.letter('failing')).toMatchObject({ state: 'in hand', deliveries: 1 })
    drained.resolve()
    await closed
    await clock.settle()
    expect(transport.letter('good').state).toBe('completed')
    expect(transport.letter('failing')).toMatchObject({ state: 'waiting', deliveries: 1 })
  })

  it('gives back at once what only waits: to be tried again, or for a dependency', async () => {
    const { clock, transport, consumer } = setUp(async ({ messageId }) => {
      throw messageId === 'failing' ? new Error('no') : new Unavailable('away')
    })
    transport.add('failing', 'a')
    await clock.pass(300)
    await consumer.close()
    expect(transport.letters.every(({ state }) => state === 'waiting')).toBe(true)
  })
})

describe('pause', () => {
  it('stops taking, finishes what is in hand; resume takes again', async () => {
    const gate = Promise.withResolvers<void>()
    const { clock, transport, consumer } = setUp(() => gate.promise)
    transport.add('a')
    await clock.settle()
    await consumer.pause()
    transport.add('b')
    gate.resolve()
    await clock.settle()
    expect(transport.letters).toMatchObject([{ state: 'completed' }, { state: 'waiting', deliveries: 0 }])
    expect(transport.receivers.every(({ closed }) => closed)).toBe(true)
    consumer.resume()
    await clock.settle()
    expect(transport.letter('b').state).toBe('completed')
  })

  it('does not end with an outage', async () => {
    let away = true
    const { clock, transport, consumer } = setUp(async () => {
      if (away) throw new Unavailable('away')
    })
    transport.add('a')
    await clock.settle()
    await consumer.pause()
    away = false
    await clock.pass(60_000)
    expect(transport.letter('a').state).toBe('waiting')
    consumer.resume()
    await clock.settle()
    expect(transport.letter('a').state).toBe('completed')
  })
})
