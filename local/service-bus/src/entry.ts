import type { Message } from './message.ts'

export interface Lock {
  readonly key: string
  /** Milliseconds since 1970. */
  until: number
  /** The lock is over, however it ended: whoever holds the delivery may forget it. */
  readonly over: () => void
}

/** A message in one queue. */
export interface Entry {
  readonly sequence: number
  message: Message
  readonly enqueuedAt: number
  /** Infinity is never. */
  readonly expiresAt: number
  readonly deadLetterSource: string | undefined
  /** Deliveries that came to nothing. */
  deliveryCount: number
  /** Set aside: it is received by its sequence number only. */
  deferred: boolean
  /** `arriving` is on its way to the disk or to a client, `gone` is settled. */
  place: 'arriving' | 'ready' | 'locked' | 'deferred' | 'gone'
  lock: Lock | undefined
  /** Of the journal, where it was written last. */
  segment: number
}
