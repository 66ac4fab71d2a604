import type { Message } from '@flotilla/contracts/message'
import type { Delivery, SubscriptionName } from './broker.ts'

/** What the policy needs of a broker's client. Service Bus is one; a simulation is another. */
export interface Transport {
  /**
   * Sends messages of one topic. Throws `PublishRefused` (then none of them was sent) or `BrokerUnavailable`. Gives up by
   * itself in bounded time.
   */
  send(topic: string, messages: readonly Message[]): Promise<void>
  /**
   * Begins to receive, and goes on by itself through broken connections and a broker that is not there yet. Messages of
   * one event-loop turn are handed over in that turn.
   */
  receive(subscription: SubscriptionName, concurrency: number, handlers: ReceiverHandlers): Receiver
  /** Hangs up; receivers are closed before. */
  close(): Promise<void>
}

export interface ReceiverHandlers {
  /** Room for another message is made when the promise resolves. It never rejects. */
  message(message: Received): Promise<void>
  /** Something went wrong that the transport goes on after. */
  error(error: unknown): void
}

export interface Receiver {
  /** After this no message arrives any more; those in hand keep their locks and can be settled. */
  stop(): Promise<void>
  /** Lets go of the link, and so of the locks of what is in hand. */
  close(): Promise<void>
}

/** A message in hand, its lock renewed for `renewedFor`. Settling throws when the lock or the link is gone. */
export interface Received {
  readonly delivery: Delivery
  complete(): Promise<void>
  /** Gives it back, to be delivered again at once. */
  abandon(): Promise<void>
  deadLetter(reason: string, description: string): Promise<void>
}

/**
 * For how long the lock of a message in hand is renewed, in milliseconds. A message that is held through an outage loses
 * one of its few deliveries each time this runs out, so it is longer than an outage goes on: one that the probe does not
 * see, such as a full disk, would dead-letter it within an hour or two otherwise.
 */
export const renewedFor = 12 * 3_600_000
