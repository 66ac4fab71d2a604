import type { Chaos } from './chaos.ts'
import type { Random } from './random.ts'
import type { Tally } from './tally.ts'
import type { Time } from './time.ts'

/** What processes depend on, and what can be away. */
export type Dependency =
  | 'order-db'
  | 'inventory-db'
  | 'payment-db'
  | 'notification-db'
  | 'broker'
  | 'card-processor'
  | 'mail-server'

/** A promise that was broken, by which order, SKU or part of the fleet. */
export interface Finding {
  readonly promise: string
  readonly about: string
  readonly what: string
}

/** All that outlives a process: time, chance, the books, and what goes wrong. */
export interface World {
  readonly time: Time
  readonly chaos: Chaos
  /** For how long steps take; not for faults. */
  readonly latency: Random
  readonly tally: Tally
  /** Whether a dependency is away now. */
  isAway(dependency: Dependency): boolean
  /** From when to when something outside the fleet's power hindered it at this dependency. */
  hindered(dependency: Dependency, from: number, to: number): void
  /** One line of the story; the text is made only if somebody reads it. */
  tell(who: string, what: () => string): void
  /** A promise is broken. */
  broken(finding: Finding): void
}
