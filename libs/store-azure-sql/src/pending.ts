import type { Clock } from '@flotilla/decider/clock'
import { Unavailable } from '@flotilla/decider/store'
import { forgetting } from './appending.ts'
import type { Database } from './database.ts'
import { type Postponement, postponing } from './leases.ts'
import { Rows } from './rows.ts'

/** Outbox rows that the broker has, and that are still to be deleted: with the next save, so that under load they cost no trip. */
export interface Forgotten {
  add(ids: readonly string[]): void
  /** So many of them as one statement takes along, which no other does; then they are `done`, or `left` for another. */
  taken(): Taken
  /** Deletes them now. */
  flush(): Promise<void>
  /** Deleted so far. */
  count(): number
  /** From now on they go with a save or a flush only. */
  stop(): void
}

export interface Taken {
  readonly ids: readonly string[]
  done(): void
  left(): void
}

/** Of one statement. */
const atMost = 1_000
/** While the database is away they are tried ever more seldom, at least so often, in milliseconds. */
const idleAtMost = 5_000

export function createForgotten(database: Database, clock: Clock, idle: number): Forgotten {
  const waiting = new Set<string>()
  let cancel: (() => void) | undefined
  let count = 0
  let wait = idle
  let isStopped = false

  function stopWaiting() {
    cancel?.()
    cancel = undefined
  }

  function awaitIdle() {
    if (isStopped) return
    cancel ??= clock.after(wait, () => {
      cancel = undefined
      flush().catch((error: unknown) => {
        // They are still there, leased to us; they go when the database answers again.
        if (!(error instanceof Unavailable)) throw error
      })
    })
  }

  function taken(): Taken {
    const ids = [...waiting].slice(0, atMost)
    for (const id of ids) waiting.delete(id)
    return {
      ids,
      done() {
        count += ids.length
        wait = idle
        if (waiting.size === 0) stopWaiting()
      },
      left() {
        for (const id of ids) waiting.add(id)
        wait = Math.min(wait * 2, idleAtMost)
        if (ids.length > 0) awaitIdle()
      },
    }
  }

  async function flush() {
    while (waiting.size > 0) {
      const { ids, done, left } = taken()
      const rows = new Rows()
      try {
        await database.run({ name: 'forget outbox', sql: forgetting(ids, rows), values: { rows } })
        done()
      } catch (error) {
        left()
        throw error
      }
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
    stop() {
      isStopped = true
      stopWaiting()
    },
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
