import type { ServiceName } from '@flotilla/contracts/topology'
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
  /** Whether a dependency is away now; a database that is full is away for writes only. */
  isAway(dependency: Dependency, forReads?: boolean): boolean
  /**
   * From when to when a dependency hindered the fleet, or at which moment a process of a service died. `unsure`: it may
   * have done what it was asked, and the process cannot know.
   */
  hindered(what: Dependency | ServiceName, from: number, to: number, unsure?: boolean): void
  /** One line of the story; the text is made only if somebody reads it. */
  tell(who: string, what: () => string): void
  /** A promise is broken. */
  broken(finding: Finding): void
}
