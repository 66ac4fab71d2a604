import type { DueWork } from '@flotilla/decider/store'

/** What a worker says: a command that settles the work, or when (milliseconds since the epoch) to do it again. */
export type Result<Command> = { readonly command: Command } | { readonly again: number }

/**
 * Does one kind of work in the outside world. It may be called more than once for one work (after a crash, or when an
 * answer was lost), so what it does must be safe to repeat; it gives up when the signal says so. It throws when the work
 * failed and may be tried again; an outage (`Unavailable`, an open breaker) makes the whole kind wait.
 */
export type Worker<Command> = (work: DueWork, signal: AbortSignal) => Promise<Result<Command>>

/** What became of one attempt, or of work that was not attempted. */
export interface Attempt {
  readonly work: DueWork
  /**
   * `finished`: its command had its effect. `repeated`: the work was settled or cancelled meanwhile. `again`: the worker
   * asked for another time. `failed`: the worker or its command threw. `unavailable`: what it needs is away, or it gave no
   * answer in time. `refused`: the domain refused the command, which is a fault. `unknown`: no worker for this kind.
   * `late`: its lease would run out. `full`: no room in memory. All but the first two leave the work in the database.
   */
  readonly outcome:
    | 'finished'
    | 'repeated'
    | 'again'
    | 'failed'
    | 'unavailable'
    | 'refused'
    | 'unknown'
    | 'late'
    | 'full'
  /** Milliseconds. */
  readonly took: number
  readonly error?: unknown
}
