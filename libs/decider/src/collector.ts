import type { Key } from './decider.ts'
import type { Store } from './store.ts'

/** Most commands in one batch, by the pace of the store. */
const most = { turn: 1_000, flight: 200 } as const
const flightsAtOnce = 2

export interface Collected {
  readonly keys: readonly Key[]
}

export interface Collector<Item> {
  add(item: Item): void
  /** Puts an item back before all others. */
  putBack(item: Item): void
}

/**
 * Gathers what arrives within one event-loop turn into a batch. A store that commits at once gets everything; one over a
 * network gets at most two batches at a time, never two with the same key, and what arrives meanwhile is the next.
 */
export function createCollector<Item extends Collected>(
  pace: Store<unknown>['pace'],
  defer: (run: () => void) => void,
  run: (batch: Item[]) => Promise<void>,
): Collector<Item> {
  const busy = new Set<Key>()
  let waiting: Item[] = []
  let flights = 0
  let scheduled = false

  function schedule() {
    if (scheduled || waiting.length === 0) return
    if (pace === 'flight' && flights >= flightsAtOnce) return
    scheduled = true
    defer(() => {
      scheduled = false
      const batch = take()
      if (batch.length === 0) return
      void fly(batch)
      schedule()
    })
  }

  function take(): Item[] {
    if (pace === 'turn') return waiting.splice(0, most.turn)
    const batch: Item[] = []
    const rest: Item[] = []
    const blocked = new Set(busy)
    for (const item of waiting) {
      if (batch.length < most.flight && item.keys.every((key) => !blocked.has(key))) batch.push(item)
      else {
        rest.push(item)
        // Commands on one key keep their order: a later one does not overtake.
        for (const key of item.keys) blocked.add(key)
      }
    }
    waiting = rest
    return batch
  }

  async function fly(batch: Item[]) {
    const keys = pace === 'flight' ? batch.flatMap((item) => item.keys) : []
    for (const key of keys) busy.add(key)
    flights += 1
    try {
      await run(batch)
    } finally {
      flights -= 1
      for (const key of keys) busy.delete(key)
      schedule()
    }
  }

  return {
    add(item) {
      waiting.push(item)
      schedule()
    },
    putBack(item) {
      waiting.unshift(item)
      schedule()
    },
  }
}
