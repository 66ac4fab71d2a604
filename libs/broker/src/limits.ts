import { settings } from '@flotilla/contracts/topology'
import { type OutageLimits, type OutageState, outageLimits } from './outage.ts'

/** All times in milliseconds. */
export interface ConsumerLimits {
  /** Most messages in hand. */
  readonly concurrency: number
  /** Most settlements on their way before room for new messages waits for them. */
  readonly settling: number
  /** How often a delivery of a failing message is tried in process. */
  readonly tries: number
  /** The wait before a failing message is tried again: doubled with each try and each delivery, up to the cap. */
  readonly backoff: { readonly base: number; readonly cap: number }
  /** The last delivery that Service Bus grants. */
  readonly maxDeliveryCount: number
  /** In an outage, a message at its so-manieth delivery is kept in hand instead of given back: its deliveries are few. */
  readonly keepFrom: number
  /** How long a receiver may hear nothing before it is replaced. */
  readonly silence: number
  /** The least time between two replacements. */
  readonly apart: number
  /** How long what is in hand may take at the end. */
  readonly grace: number
  /** How long the broker may take to confirm the last settlements. */
  readonly settleGrace: number
  /** The least time between two log lines about the connection. */
  readonly complainEvery: number
  readonly outage: OutageLimits
}

export const consumerLimits: ConsumerLimits = {
  concurrency: 100,
  settling: 1_000,
  tries: 3,
  backoff: { base: 100, cap: 10_000 },
  maxDeliveryCount: settings.maxDeliveryCount,
  keepFrom: 5,
  silence: 60_000,
  apart: 300_000,
  grace: 10_000,
  settleGrace: 1_000,
  complainEvery: 30_000,
  outage: outageLimits,
}

/** What a consumer did besides handling messages; for metrics and tests. */
export type ConsumerEvent = { readonly topic: string; readonly service: string } & (
  | { readonly kind: 'restarted' }
  | { readonly kind: 'breaker'; readonly state: OutageState }
  | { readonly kind: 'abandoned'; readonly messageId: string; readonly deliveryCount: number }
  | { readonly kind: 'dead-lettered'; readonly messageId: string; readonly reason: string }
  | { readonly kind: 'settlement-failed'; readonly messageId: string; readonly error: unknown }
)
