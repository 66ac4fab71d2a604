import type { OutboxRow } from '@flotilla/decider/store'

export interface RelayLimits {
  /** Most rows in one send. */
  readonly batch: number
  /** Most sends in flight per topic. */
  readonly flights: number
  /** Most rows in memory. */
  readonly held: number
  /** Most rows in memory of a topic that fails. */
  readonly failing: number
  /** A send that has not answered after so many milliseconds has failed. `publish` must give up by then. */
  readonly sendTimeout: number
  /** What must be left of the lease beyond the time-out, in milliseconds: clocks of replicas differ. */
  readonly margin: number
}

export interface RelaySuccess {
  readonly topic: string
  readonly rows: readonly OutboxRow[]
  /** How many of them were part of a send that failed before: the broker may have them twice. */
  readonly repeated: number
  /** Milliseconds. */
  readonly took: number
}

export interface RelayFailure {
  readonly topic: string
  readonly rows: readonly OutboxRow[]
  /**
   * `unavailable`: the send failed, the rows are tried again. The others leave the rows to a sweeper: `refused`: the
   * broker will not have this message; `late`: their lease would run out; `full`: there was no room in memory.
   */
  readonly reason: 'unavailable' | 'refused' | 'late' | 'full'
  readonly error?: unknown
}

export const relayLimits: RelayLimits = {
  batch: 200,
  flights: 4,
  held: 10_000,
  failing: 2_000,
  sendTimeout: 10_000,
  margin: 1_000,
}
