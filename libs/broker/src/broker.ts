import type { Message } from '@flotilla/contracts/message'
import { Unavailable } from '@flotilla/decider/store'

/** Messages out and in: what a service knows of Service Bus. */
export interface Broker {
  /**
   * Hands messages to a topic. Resolves when the broker has them all. Throws `PublishRefused` when it will never take one
   * of them, `BrokerUnavailable` when it is away; in both cases some of the others may have been taken.
   */
  publish(topic: string, messages: readonly Message[]): Promise<void>
  /** Hands each message of a subscription to the listener. A broker that is away is waited for, not an error. */
  subscribe(subscription: SubscriptionName, listener: Listener, options?: SubscribeOptions): Promise<Subscription>
  /** Stops receiving, finishes what is in hand, finishes what is being sent, hangs up. */
  close(): Promise<void>
}

/** A subscription is named after the service that hears it. */
export interface SubscriptionName {
  readonly topic: string
  readonly service: string
}

/**
 * Resolves: the message is done. Throws `DeadLetter` (or contracts' `Unreadable`): it is put aside at once. Throws
 * `Unavailable` or `DependencyUnavailable`: a dependency is at fault, so receiving stops until a probe succeeds. Anything
 * else is the message's own fault: it is tried again, and put aside after its last delivery.
 */
export type Listener = (delivery: Delivery) => Promise<void>

/** One message as it arrived. */
export interface Delivery {
  readonly topic: string
  readonly messageId: string
  /** The CloudEvents type, or `replay.<service>`. */
  readonly subject: string
  readonly body: string
  readonly correlationId?: string | undefined
  /** W3C trace context. */
  readonly traceparent?: string | undefined
  /** 1 for the first delivery. */
  readonly deliveryCount: number
  /** Milliseconds since the epoch, by the broker's clock. */
  readonly enqueuedAt: number
}

export interface SubscribeOptions {
  /** Resolves when what the listener depends on is back, e.g. `() => store.backlog()`. Without it a message is the probe. */
  readonly probe?: (() => Promise<unknown>) | undefined
  /** Most messages in hand: 100. */
  readonly concurrency?: number | undefined
}

export interface Subscription {
  /** Stops taking; what is in hand is finished. */
  pause(): Promise<void>
  resume(): void
  /** Stops taking, finishes what is in hand within a grace (milliseconds, 10,000), gives the rest back. */
  close(grace?: number): Promise<void>
}

/** Thrown by a listener: this message can never be handled. The reason is a short code, the description for people. */
export class DeadLetter extends Error {
  override readonly name = 'DeadLetter'
  readonly reason: string

  constructor(reason: string, description: string) {
    super(description)
    this.reason = reason
  }
}

/** The broker could not be reached, did not answer in time, or has no room. What was sent may have arrived. */
export class BrokerUnavailable extends Unavailable {
  readonly retryable = true
}

/** The broker will never take this message. */
export class PublishRefused extends Error {
  override readonly name = 'PublishRefused'
  readonly messageId: string

  constructor(messageId: string, why: string, options?: ErrorOptions) {
    super(`message ${messageId} cannot be published: ${why}`, options)
    this.messageId = messageId
  }
}
