import type { Clock } from '@flotilla/decider/clock'
import { Unavailable } from '@flotilla/decider/store'
import { forgetting } from './appending.ts'
import type { Database } from './database.ts'
import { type Postponement, postponing } from './leases.ts'
import { Rows } from './rows.ts'

/** Outbox rows that the broker has, and that are still to be deleted: with the next save, so that under load they cost no trip. */
export interface Forgotten {
  add(ids: readonly string[]): void
  /** So many of them as one save takes along; `done` takes them off the list. */
  taken(): { readonly ids: readonly string[]; done(): void }
  /** Deletes them now. */
  flush(): Promise<void>
  /** Deleted so far. */
  count(): number
  stopWaiting(): void
}

/** Of one statement. */
const atMost = 1_000

export function createForgotten(database: Database, clock: Clock, idle: number): Forgotten {
  const waiting = new Set<string>()
  let cancel: (() => void) | undefined
  let count = 0

  function stopWaiting() {
    cancel?.()
    cancel = undefined
  }

  function awaitIdle() {
    cancel ??= clock.after(idle, () => {
      cancel = undefined
      flush().catch((error: unknown) => {
        if (!(error instanceof Unavailable)) throw error
        // They are still there, leased to us; they go when the database answers again.
        awaitIdle()
      })
    })
  }

  function taken() {
    const ids = [...waiting].slice(0, atMost)
    return {
      ids,
      done() {
        for (const id of ids) if (waiting.delete(id)) count += 1
        if (waiting.size === 0) stopWaiting()
      },
    }
  }

  async function flush() {
    while (waiting.size > 0) {
      const { ids, done } = taken()
      const rows = new Rows()
      await database.run({ name: 'forget outbox', sql: forgetting(ids, rows), values: { rows } })
      done()
    }
  }

  return {
    add(ids) {
      for (const id of ids) waiting.add(id)
      if (waiting.size > 0) awaitIdle()
    },
    taken,
    flush,
    count: () => count,
    stopWaiting,
  }
}

/** Work that failed, put back in one statement for a turn of the event loop: in an outage all of it fails at once. */
export function createPostponed(database: Database, clock: Clock) {
  let waiting: (Postponement & { resolve(): void; reject(error: unknown): void })[] = []

  async function flush(): Promise<void> {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    try {
      await database.run(postponing(group))
      for (const { resolve } of group) resolve()
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  return {
    add: (postponement: Postponement): Promise<void> =>
      new Promise((resolve, reject) => {
        waiting.push({ ...postponement, resolve, reject })
        if (waiting.length === 1) clock.defer(() => void flush())
      }),
    flush,
  }
}
