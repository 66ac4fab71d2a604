interface Entry {
  readonly at: number
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

/** Whose timer it is: something in the world that comes of itself, or a process that waits. */
export type Owner = 'world' | 'process'

/** Simulated time, in milliseconds since the epoch: it passes from one timer to the next, and between them all that is ready runs. */
export class Time {
  now: number
  /** How many timers have run. */
  steps = 0
  readonly #heaps: Readonly<Record<Owner, Entry[]>> = { world: [], process: [] }
  #order = 0
  #deferred: (() => void)[] = []

  constructor(now: number) {
    this.now = now
  }

  /** Runs a function at a moment, or now if that is past; the returned function takes it back. */
  at(moment: number, run: () => void, owner: Owner = 'world'): () => void {
    const entry = { at: Math.max(moment, this.now), order: this.#order++, run, cancelled: false }
    push(this.#heaps[owner], entry)
    return () => {
      entry.cancelled = true
    }
  }

  /** Runs a function in the next turn of the event loop. */
  defer(run: () => void): void {
    this.#deferred.push(run)
  }

  /** When the next timer of this owner is due; undefined when there is none. */
  next(owner: Owner): number | undefined {
    return this.#first(owner)?.at
  }

  /** Runs the next timer and all that it brings about. */
  async step(): Promise<void> {
    const [world, process] = [this.#first('world'), this.#first('process')]
    if (!world && !process) return
    const entry = pop(this.#heaps[!process || (world && isBefore(world, process)) ? 'world' : 'process']) as Entry
    this.steps += 1
    this.now = Math.max(this.now, entry.at)
    entry.run()
    await this.settle()
  }

  /** Time jumps; timers that came due meanwhile run next, in their order. */
  leap(moment: number): void {
    this.now = Math.max(this.now, moment)
  }

  /** Resolves when all that is ready has run: promises and turns of the event loop, no timers. */
  async settle(): Promise<void> {
    // Nothing waits in two turns in a row: the first may only have resolved what the second runs.
    for (let quiet = 0; quiet < 2; quiet += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#deferred.length === 0) continue
      for (const run of this.#deferred.splice(0)) run()
      quiet = -1
    }
  }

  #first(owner: Owner): Entry | undefined {
    const heap = this.#heaps[owner]
    while (heap[0]?.cancelled) pop(heap)
    return heap[0]
  }
}

const isBefore = (one: Entry, other: Entry) => one.at < other.at || (one.at === other.at && one.order < other.order)

function push(heap: Entry[], entry: Entry) {
  let index = heap.length
  heap.push(entry)
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent] as Entry
    if (isBefore(above, entry)) break
    heap[index] = above
    index = parent
  }
  heap[index] = entry
}

function pop(heap: Entry[]): Entry | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (heap.length === 0 || last === undefined) return first
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    const right = heap[child + 1]
    if (child >= heap.length) break
    if (right && isBefore(right, heap[child] as Entry)) child += 1
    const below = heap[child] as Entry
    if (isBefore(last, below)) break
    heap[index] = below
    index = child
  }
  heap[index] = last
  return first
}
