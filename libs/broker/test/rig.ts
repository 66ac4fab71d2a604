import { ManualClock } from '@flotilla/decider/manual-clock'
import { pino } from 'pino'
import type { Delivery, SubscribeOptions } from '../src/broker.ts'
import { Consumer } from '../src/consumer.ts'
import type { ConsumerEvent, ConsumerLimits } from '../src/limits.ts'
import { FakeTransport } from './fake-transport.ts'

/** A consumer on a fake transport and a clock that stands. */
export function setUp(
  listener: (delivery: Delivery) => Promise<void>,
  options: SubscribeOptions & { limits?: Partial<ConsumerLimits> } = {},
) {
  const clock = new ManualClock()
  const transport = new FakeTransport()
  const events: ConsumerEvent[] = []
  const consumer = new Consumer({
    transport,
    clock,
    listener,
    subscription: { topic: 'orders', service: 'payment' },
    logger: pino({ enabled: false }),
    onEvent: (event) => events.push(event),
    ...options,
  })
  const count = (kind: ConsumerEvent['kind']) => events.filter((event) => event.kind === kind).length
  return { clock, transport, consumer, count, events }
}
