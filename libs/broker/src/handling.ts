import type { Clock } from '@flotilla/decider/clock'
import { measured } from '@flotilla/telemetry/measured'
import { withProcessSpan } from '@flotilla/telemetry/messaging'
import { messagesDeadLettered, messagingDuration } from '@flotilla/telemetry/metrics'
import type { Logger } from 'pino'
import type { Listener, SubscriptionName } from './broker.ts'
import { describe, faultOf, lastOf } from './fault.ts'
import type { Hand, Verdict } from './hand.ts'
import type { ConsumerEvent, ConsumerLimits } from './limits.ts'
import type { Outage } from './outage.ts'

export interface HandlingOptions {
  readonly subscription: SubscriptionName
  readonly listener: Listener
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly limits: ConsumerLimits
  readonly outage: Outage
  /** Waits until the dependency may be tried again; false when the message is to be given back. */
  readonly keep: (hand: Hand) => Promise<boolean>
  readonly onEvent?: ((event: ConsumerEvent) => void) | undefined
}

/** Service Bus cuts neither; it refuses what is longer. */
const mostCharacters = 4_096

/** From a message in hand to its verdict, and from the verdict to its settlement. */
export class Handling {
  readonly #options: HandlingOptions
  readonly #settling = new Set<Promise<void>>()

  constructor(options: HandlingOptions) {
    this.#options = options
  }

  /** Never rejects. */
  async handle(hand: Hand): Promise<Verdict> {
    const { limits, outage } = this.#options
    for (let tries = 1; ; tries++) {
      const failure = await this.#listen(hand)
      if (failure === undefined) {
        outage.passed()
        return { kind: 'complete' }
      }
      const fault = faultOf(failure.error)
      if (fault.kind === 'dependency') {
        if (!(await this.#sitOut(hand, failure.error))) return { kind: 'abandon' }
        if (hand.lapsed) return { kind: 'lapsed' }
        tries = 0
        continue
      }
      outage.passed()
      if (fault.kind === 'hopeless') return { ...fault, kind: 'dead-letter' }
      if (tries >= limits.tries) return this.#giveUp(hand, failure.error)
      if (!(await hand.wait(this.#backoff(hand, tries)))) return { kind: 'abandon' }
    }
  }

  /** Settles, or logs and counts that it could not: the message comes again, and the inbox knows it. Never rejects. */
  settle(hand: Hand, verdict: Verdict): Promise<void> {
    const settled = this.#send(hand, verdict)
      .catch((error: unknown) => this.#failed(hand, verdict, error))
      .finally(() => this.#settling.delete(settled))
    this.#settling.add(settled)
    return settled
  }

  /** How many settlements are on their way. */
  get settling(): number {
    return this.#settling.size
  }

  async settled(): Promise<void> {
    await Promise.all(this.#settling)
  }

  async #listen({ received: { delivery } }: Hand): Promise<{ readonly error: unknown } | undefined> {
    const { subscription, listener } = this.#options
    const { messageId, correlationId, traceparent, deliveryCount } = delivery
    const incoming = {
      topic: subscription.topic,
      subscription: subscription.service,
      messageId,
      conversationId: correlationId,
      traceparent,
      deliveryCount,
    }
    try {
      await withProcessSpan(incoming, () => listener(delivery))
      return undefined
    } catch (error) {
      return { error }
    }
  }

  /** Whether the message stays in hand to be tried again. One that is given back, is given back once per outage. */
  async #sitOut(hand: Hand, error: unknown): Promise<boolean> {
    const { limits, outage, keep } = this.#options
    const tried = outage.state === 'half-open'
    outage.fault(error)
    if (tried || hand.received.delivery.deliveryCount >= limits.keepFrom) return keep(hand)
    // Not while the receiver still takes: it would come again at once and burn through its deliveries.
    await hand.intake.stop()
    return false
  }

  #giveUp({ received: { delivery } }: Hand, error: unknown): Verdict {
    const { limits, logger, subscription } = this.#options
    const last = delivery.deliveryCount >= limits.maxDeliveryCount
    const { messageId, subject, deliveryCount } = delivery
    logger[last ? 'error' : 'warn'](
      { ...subscription, message_id: messageId, subject, delivery: deliveryCount, err: error },
      last ? 'a message failed for the last time' : 'a message failed, and is given back',
    )
    // Service Bus would do it too, but knows no description that helps.
    if (last) return { kind: 'dead-letter', reason: 'MaxDeliveryCountExceeded', description: describe(error) }
    return { kind: 'abandon' }
  }

  #backoff({ received: { delivery } }: Hand, tries: number): number {
    const { clock, limits } = this.#options
    const ceiling = Math.min(limits.backoff.cap, limits.backoff.base * 2 ** (delivery.deliveryCount + tries - 2))
    return ceiling * (0.5 + clock.random() / 2)
  }

  async #send({ received, intake }: Hand, verdict: Verdict): Promise<void> {
    if (verdict.kind === 'lapsed') return
    const { subscription, onEvent } = this.#options
    const { messageId, deliveryCount } = received.delivery
    const dimensions = {
      'messaging.system': 'servicebus',
      'messaging.operation.name': verdict.kind,
      'messaging.destination.name': subscription.topic,
      'messaging.destination.subscription.name': subscription.service,
    }
    if (verdict.kind === 'complete') return measured(messagingDuration, dimensions, () => received.complete())
    if (verdict.kind === 'abandon') {
      // Given back to a receiver that is about to stop but still takes, it would come again at once.
      await intake.stopped
      await measured(messagingDuration, dimensions, () => received.abandon())
      onEvent?.({ kind: 'abandoned', messageId, deliveryCount, ...subscription })
      return
    }
    const reason = verdict.reason.slice(0, mostCharacters)
    await measured(messagingDuration, dimensions, () =>
      received.deadLetter(reason, verdict.description.slice(0, mostCharacters)),
    )
    messagesDeadLettered.add(1, { 'messaging.destination.subscription.name': subscription.service, reason })
    onEvent?.({ kind: 'dead-lettered', messageId, reason, ...subscription })
  }

  #failed({ received }: Hand, verdict: Verdict, thrown: unknown) {
    const error = lastOf(thrown)
    const { logger, subscription, onEvent } = this.#options
    const { messageId } = received.delivery
    logger.warn({ ...subscription, message_id: messageId, verdict: verdict.kind, err: error }, 'a settlement failed')
    onEvent?.({ kind: 'settlement-failed', messageId, error, ...subscription })
  }
}
