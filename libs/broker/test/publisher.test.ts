import { ManualClock } from '@flotilla/decider/manual-clock'
import { Unavailable } from '@flotilla/decider/store'
import { collectSpans } from '@flotilla/telemetry/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { BrokerUnavailable, PublishRefused } from '../src/broker.ts'
import { Publisher } from '../src/publisher.ts'
import { FakeTransport, message } from './fake-transport.ts'

function setUp() {
  const clock = new ManualClock()
  const transport = new FakeTransport()
  return { clock, transport, publisher: new Publisher(transport, clock) }
}

const messages = (count: number, prefix = 'm', bytes = 10) =>
  Array.from({ length: count }, (_, index) => message(`${prefix}${index}`, bytes))

describe('publish', () => {
  it('joins what is published in one event-loop turn', async () => {
    const { clock, transport, publisher } = setUp()
    const published = Promise.all([
      publisher.publish('orders', messages(2, 'a')),
      publisher.publish('orders', messages(3, 'b')),
    ])
    await clock.settle()
    await published
    expect(transport.sends.map((send) => send.map(({ id }) => id))).toEqual([['a0', 'a1', 'b0', 'b1', 'b2']])
  })

  it('sends at most 100 messages and 90 KB at once, and at most four batches in flight', async () => {
    const { clock, transport, publisher } = setUp()
    const gates: (() => void)[] = []
    transport.answer = () => new Promise((resolve) => gates.push(resolve))
    const published = Promise.all([
      publisher.publish('orders', messages(450, 'a')),
      publisher.publish('orders', messages(4, 'b', 50_000)),
    ])
    await clock.settle()
    expect(transport.sends.map(({ length }) => length)).toEqual([100, 100, 100, 100])
    while (gates.length > 0) {
      gates.shift()?.()
      await clock.settle()
    }
    await published
    expect(transport.mostInFlight).toBe(4)
    expect(transport.sends.slice(4).map(({ length }) => length)).toEqual([51, 1, 1, 1])
  })

  it('resolves only when the broker has every message, and fails when it lacks one', async () => {
    const { clock, transport, publisher } = setUp()
    transport.answer = async (batch) => {
      if (batch.some(({ id }) => id === 'a150')) throw new BrokerUnavailable('away')
    }
    const published = publisher.publish('orders', messages(200, 'a')).catch((error: unknown) => error)
    await clock.settle()
    expect(await published).toBeInstanceOf(Unavailable)
    expect(await published).toMatchObject({ name: 'Unavailable', retryable: true })
  })

  it('names a message that is refused, and sends those of others', async () => {
    const { clock, transport, publisher } = setUp()
    const taken: string[] = []
    transport.answer = async (batch) => {
      const large = batch.find(({ id }) => id === 'large')
      if (large) throw new PublishRefused(large.id, 'it is too large')
      taken.push(...batch.map(({ id }) => id))
    }
    const refused = publisher.publish('orders', [message('with'), message('large')]).catch((error: unknown) => error)
    const others = publisher.publish('orders', messages(3, 'b'))
    await clock.settle()
    await others
    expect(await refused).toMatchObject({ name: 'PublishRefused', messageId: 'large' })
    expect(taken).toEqual(['b0', 'b1', 'b2'])
  })

  it('refuses what belongs to another topic', async () => {
    const { publisher } = setUp()
    await expect(publisher.publish('payments', [message('a')])).rejects.toThrow(
      'message a cannot be published: it belongs to the topic orders, not to payments',
    )
  })

  it('sends what was taken before it closes, and takes nothing after', async () => {
    const { clock, transport, publisher } = setUp()
    const published = publisher.publish('orders', [message('a')])
    const closed = publisher.close()
    await clock.settle()
    await Promise.all([published, closed])
    expect(transport.sends).toHaveLength(1)
    await expect(publisher.publish('orders', [message('b')])).rejects.toBeInstanceOf(BrokerUnavailable)
  })
})

describe('one order, one trace', () => {
  let collected: ReturnType<typeof collectSpans> | undefined
  afterEach(() => collected?.shutdown())

  it('a message carries the span of its own publication, a child of what caused it', async () => {
    collected = collectSpans()
    const { clock, transport, publisher } = setUp()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const published = publisher.publish('orders', [{ ...message('a'), traceparent }, message('b')])
    await clock.settle()
    await published
    const span = collected.spans().find(({ attributes }) => attributes['messaging.message.id'] === 'a')
    expect(span).toMatchObject({ name: 'publish orders', parentSpanContext: { spanId: 'b7ad6b7169203331' } })
    const spanId = span?.spanContext().spanId
    expect(transport.sends[0]?.[0]?.traceparent).toBe(`00-0af7651916cd43dd8448eb211c80319c-${spanId}-01`)
  })
})
