import type {
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSender,
} from '@azure/service-bus'
import type { Message } from '@flotilla/contracts/message'
import { breakerState, dependencyCalls } from '@flotilla/telemetry/metrics'
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen, isBrokenCircuitError } from 'cockatiel'
import type { Logger } from 'pino'
import { BrokerUnavailable, PublishRefused, type SubscriptionName } from './broker.ts'
import { fromServiceBus } from './service-bus-message.ts'
import { sendMessages } from './service-bus-sending.ts'
import { Settlements } from './settlements.ts'
import { type Received, type Receiver, type ReceiverHandlers, renewedFor, type Transport } from './transport.ts'

export interface ServiceBusTransportOptions {
  readonly client: ServiceBusClient
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  /** In milliseconds. */
  readonly sendTimeout: number
  /** Called when all is closed. */
  readonly hangUp: () => void
}

const dependency = 'service-bus'
const levels: Readonly<Record<CircuitState, number>> = {
  [CircuitState.Closed]: 0,
  [CircuitState.HalfOpen]: 1,
  [CircuitState.Open]: 2,
  [CircuitState.Isolated]: 3,
}
const failuresToOpen = 3
const probeAfter = 1_000
const patience = 1_000

/** The wire: `@azure/service-bus`, one client and one sender per topic. */
export class ServiceBusTransport implements Transport {
  readonly #options: ServiceBusTransportOptions
  readonly #senders = new Map<string, ServiceBusSender>()
  readonly #breaker = circuitBreaker(
    handleWhen((error) => !(error instanceof PublishRefused)),
    { halfOpenAfter: probeAfter, breaker: new ConsecutiveBreaker(failuresToOpen) },
  )
  readonly #forget: () => void

  constructor(options: ServiceBusTransportOptions) {
    this.#options = options
    let state = CircuitState.Closed
    let lastError: unknown
    this.#breaker.onFailure(({ reason }) => {
      lastError = 'error' in reason ? reason.error : reason.value
    })
    let away = false
    this.#breaker.onStateChange((changed) => {
      state = changed
      // A probe that fails opens it anew: an outage is one line, and its end another.
      if (state === CircuitState.Open && !away) {
        options.logger.error({ dependency, err: lastError }, 'sending stops: the broker is away')
      }
      if (state === CircuitState.Closed) options.logger.info({ dependency }, 'sending again')
      away = state !== CircuitState.Closed
    })
    this.#forget = breakerState.observe((observe) => observe(levels[state], { dependency }))
  }

  async send(topic: string, messages: readonly Message[]) {
    try {
      await this.#breaker.execute(() => sendMessages(this.#sender(topic), messages, this.#options.sendTimeout))
      dependencyCalls.add(1, { dependency, outcome: 'success' })
    } catch (error) {
      if (error instanceof PublishRefused) throw error
      dependencyCalls.add(1, { dependency, outcome: isBrokenCircuitError(error) ? 'refused' : 'failure' })
      if (error instanceof BrokerUnavailable) throw error
      throw new BrokerUnavailable(`topic ${topic}: the broker is away; the next try is due within a second`, {
        cause: error,
      })
    }
  }

  receive(subscription: SubscriptionName, concurrency: number, handlers: ReceiverHandlers): Receiver {
    const { topic, service } = subscription
    const receiver = this.#options.client.createReceiver(topic, service, {
      receiveMode: 'peekLock',
      maxAutoLockRenewalDurationInMs: renewedFor,
      skipParsingBodyAsJson: true,
      skipConvertingDate: true,
    })
    const settlements = new Settlements()
    // A receiver that is closed while its connection is away would come back with it: closing does not reach its retries.
    const abort = new AbortController()
    const subscribed = receiver.subscribe(
      {
        processMessage: (message) => handlers.message(inHand(topic, message, receiver, settlements)),
        processError: async ({ error }) => {
          if (!abort.signal.aborted) handlers.error(error)
        },
      },
      { maxConcurrentCalls: concurrency, autoCompleteMessages: false, abortSignal: abort.signal },
    )
    return {
      async stop() {
        abort.abort()
        await withinPatience(`stopping to receive from ${topic}/${service}`, subscribed.close())
      },
      async close() {
        abort.abort()
        await withinPatience(`closing the receiver of ${topic}/${service}`, receiver.close())
      },
    }
  }

  async close() {
    this.#forget()
    try {
      await withinPatience('hanging up', this.#options.client.close())
    } catch (error) {
      this.#options.logger.warn({ dependency, err: error }, 'the connection was left, not closed')
    } finally {
      this.#options.hangUp()
    }
  }

  #sender(topic: string): ServiceBusSender {
    const sender = this.#senders.get(topic) ?? this.#options.client.createSender(topic)
    this.#senders.set(topic, sender)
    return sender
  }
}

/** A broker that does not answer is not waited for: the SDK would, for a minute per link. */
function withinPatience(what: string, done: Promise<void>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => reject(new Error(`${what}: no answer within ${patience} ms`)), patience)
  done.then(resolve, reject).finally(() => clearTimeout(timer))
  return promise
}

const inHand = (
  topic: string,
  message: ServiceBusReceivedMessage,
  receiver: ServiceBusReceiver,
  settlements: Settlements,
): Received => ({
  delivery: fromServiceBus(topic, message),
  complete: () => settlements.settle('complete', () => receiver.completeMessage(message)),
  abandon: () => settlements.settle('abandon', () => receiver.abandonMessage(message)),
  deadLetter: (deadLetterReason, deadLetterErrorDescription) =>
    settlements.settle('dead-letter', () =>
      receiver.deadLetterMessage(message, { deadLetterReason, deadLetterErrorDescription }),
    ),
})
