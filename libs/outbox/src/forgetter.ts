import type { Clock } from '@flotilla/decider/clock'
import type { Store } from '@flotilla/decider/store'
import type { Logger } from 'pino'
import { pause } from './backoff.ts'

/** Deletes what the broker has from the database, many rows at a time, and remembers it until that is done. */
export interface Forgetter {
  add(ids: readonly string[]): void
  /** Whether the row was sent and only waits to be deleted. */
  has(id: string): boolean
  size(): number
}

export interface ForgetterOptions {
  readonly store: Pick<Store<unknown>, 'forget'>
  readonly clock: Clock
  readonly logger?: Pick<Logger, 'info' | 'warn'> | undefined
  /** Most ids remembered; of those beyond, the oldest rows are sent once more when their lease has run out. */
  readonly limit: number
  readonly onIdle: () => void
}

const most = 1_000
const backoff = { base: 100, cap: 5_000 }

export function createForgetter({ store, clock, logger, limit, onIdle }: ForgetterOptions): Forgetter {
  const sent = new Set<string>()
  let busy = false
  let failures = 0

  function schedule() {
    if (busy || sent.size === 0) return
    busy = true
    clock.defer(() => void run())
  }

  async function run() {
    const ids = [...sent.values().take(most)]
    try {
      await store.forget(ids)
    } catch (error) {
      if (failures === 0) logger?.warn({ err: error, rows: sent.size }, 'sent messages could not be deleted yet')
      clock.after(pause(backoff, failures++, clock), () => void run())
      return
    }
    if (failures > 0) logger?.info('sent messages are deleted again')
    failures = 0
    for (const id of ids) sent.delete(id)
    busy = false
    if (sent.size === 0) onIdle()
    else schedule()
  }

  return {
    add(ids) {
      for (const id of ids) sent.add(id)
      for (const id of sent.values().take(Math.max(0, sent.size - limit))) sent.delete(id)
      schedule()
    },
    has: (id) => sent.has(id),
    size: () => sent.size,
  }
}
