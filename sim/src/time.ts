interface Entry {
  readonly at: number
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

/** What a timer is: something that happens, or a process that looks whether there is something to do. */
export type Kind = 'event' | 'look'

/** Simulated time, in milliseconds since the epoch: it passes from one timer to the next, and between them all that is ready runs. */
export class Time {
  now: number
  /** How many timers have run. */
  steps = 0
  /** How many things are under way that take turns of the event loop, besides promises. */
  turning = 0
  readonly #heaps: Readonly<Record<Kind, Entry[]>> = { event: [], look: [] }
  #order = 0
  #deferred: (() => void)[] = []

  constructor(now: number) {
    this.now = now
  }

  /** Runs a function at a moment, or now if that is past; the returned function takes it back. */
  at(moment: number, run: () => void, kind: Kind = 'event'): () => void {
    const entry = { at: Math.max(moment, this.now), order: this.#order++, run, cancelled: false }
    push(this.#heaps[kind], entry)
    return () => {
      entry.cancelled = true
    }
  }

  /** Runs a function in the next turn of the event loop. */
  defer(run: () => void): void {
    this.#deferred.push(run)
  }

  /** When something happens next, looks aside; undefined when nothing will. */
  get next(): number | undefined {
    return this.#first('event')?.at
  }

  /** Runs the next timer and all that it brings about. */
  async step(): Promise<void> {
    const [event, look] = [this.#first('event'), this.#first('look')]
    if (!event && !look) return
    const entry = pop(this.#heaps[!look || (event && isBefore(event, look)) ? 'event' : 'look']) as Entry
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
      // A turn of the event loop costs more than most steps, and nothing but HTTP takes any.
      await new Promise<void>((resolve) => {
        if (this.turning > 0) setImmediate(resolve)
        else process.nextTick(resolve)
      })
      if (this.#deferred.length === 0) continue
      for (const run of this.#deferred.splice(0)) run()
      quiet = -1
    }
  }

  #first(kind: Kind): Entry | undefined {
    const heap = this.#heaps[kind]
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
