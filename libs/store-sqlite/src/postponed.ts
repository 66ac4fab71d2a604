import type { Clock } from '@flotilla/decider/clock'
import type { HeldWork } from '@flotilla/decider/store'
import type { DueWorkTable } from './due-work.ts'
import type { Transactions } from './transactions.ts'

/** Work that failed, put back in one commit per turn of the event loop: in an outage all of it fails at once. */
export interface Postponed {
  add(held: HeldWork, visibleAt: number, attempts: number): Promise<void>
  flush(): void
}

interface Waiting {
  readonly held: HeldWork
  readonly visibleAt: number
  readonly attempts: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export function createPostponed(work: DueWorkTable, transactions: Transactions, clock: Clock): Postponed {
  let waiting: Waiting[] = []

  function flush() {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    try {
      transactions.run(() => {
        for (const { held, visibleAt, attempts } of group) work.postpone(held, visibleAt, attempts)
        return { result: undefined, wrote: true }
      })
    } catch (error) {
      for (const { reject } of group) reject(error)
      return
    }
    for (const { resolve } of group) resolve()
  }

  return {
    add: (held, visibleAt, attempts) =>
      new Promise((resolve, reject) => {
        waiting.push({ held, visibleAt, attempts, resolve, reject })
        if (waiting.length === 1) clock.defer(flush)
      }),
    flush,
  }
}
