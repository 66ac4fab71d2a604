import type { Clock } from '@flotilla/decider/clock'
import type { Logger } from 'pino'
import { type Broker, BrokerUnavailable } from './broker.ts'
import { Consumer } from './consumer.ts'
import type { ConsumerEvent, ConsumerLimits } from './limits.ts'
import { Publisher, type PublisherLimits } from './publisher.ts'
import type { Transport } from './transport.ts'

export interface MessagingOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly publishing?: Partial<PublisherLimits> | undefined
  readonly consuming?: Partial<ConsumerLimits> | undefined
  /** For metrics and tests. Must not throw. */
  readonly onEvent?: ((event: ConsumerEvent) => void) | undefined
}

/** The broker of a process over any transport: all policy, no wire. */
export function createMessaging(options: MessagingOptions): Broker {
  const { transport, clock, logger, publishing, consuming: limits, onEvent } = options
  const publisher = new Publisher(transport, clock, publishing)
  const consumers: Consumer[] = []
  let closed: Promise<void> | undefined

  async function closeAll() {
    await Promise.all(consumers.map((consumer) => consumer.close()))
    await publisher.close()
    await transport.close()
  }

  return {
    publish: (topic, messages) => publisher.publish(topic, messages),
    async subscribe(subscription, listener, settings = {}) {
      if (closed) throw new BrokerUnavailable('the broker was closed by this process')
      const consumer = new Consumer({ transport, subscription, listener, clock, logger, limits, onEvent, ...settings })
      consumers.push(consumer)
      return consumer
    },
    close() {
      closed ??= closeAll()
      return closed
    },
  }
}
