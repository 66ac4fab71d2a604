import type { Clock } from '@flotilla/decider/clock'
import { Unavailable } from '@flotilla/decider/store'
import type { Outbox } from './outbox.ts'
import type { Transactions } from './transactions.ts'

/**
 * Outbox rows that the broker has, and that are still to be deleted: with the next commit, so that under load they cost
 * none of their own.
 */
export interface Forgotten {
  add(ids: readonly string[]): void
  readonly size: number
  /** Deletes them in the transaction that runs; the returned function takes them off the list once it is committed. */
  join(): () => void
  /** Deletes them now. */
  flush(): void
  stats(): { readonly forgotten: number; readonly idleCommits: number }
  stopWaiting(): void
}

export function createForgotten(outbox: Outbox, transactions: Transactions, clock: Clock, idle: number): Forgotten {
  const waiting = new Set<string>()
  let cancel: (() => void) | undefined
  let forgotten = 0
  let idleCommits = 0

  function stopWaiting() {
    cancel?.()
    cancel = undefined
  }

  function awaitIdle() {
    cancel ??= clock.after(idle, () => {
      cancel = undefined
      try {
        flush()
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        // They are still there, leased to us; they go when the database answers again.
        awaitIdle()
      }
    })
  }

  function join(): () => void {
    const joined = [...waiting]
    outbox.delete(joined)
    return () => {
      for (const id of joined) waiting.delete(id)
      forgotten += joined.length
      if (waiting.size === 0) stopWaiting()
    }
  }

  function flush() {
    if (waiting.size === 0) return
    const committed = transactions.run(() => ({ result: join(), wrote: true }))
    committed()
    idleCommits += 1
  }

  return {
    add(ids) {
      for (const id of ids) waiting.add(id)
      if (waiting.size > 0) awaitIdle()
    },
    get size() {
      return waiting.size
    },
    join,
    flush,
    stats: () => ({ forgotten, idleCommits }),
    stopWaiting,
  }
}
