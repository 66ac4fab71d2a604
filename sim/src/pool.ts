import { availableParallelism } from 'node:os'
import { Lost, Runner, type RunnerOptions, type Totals } from './runner.ts'

export interface Progress {
  readonly runs: number
  /** Seeds that failed. */
  readonly failed: readonly number[]
  readonly seconds: number
}

export interface Many extends RunnerOptions {
  /** The first seed. */
  readonly from: number
  /** How many seeds; may be infinite. */
  readonly runs: number
  /** As many as there are cores, by default. */
  readonly workers?: number | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Seconds from one progress to the next. */
  readonly every?: number | undefined
  readonly until?: {
    /** Ends with the chunk of seeds that makes so many failing ones: the same, whatever the number of workers. */
    readonly failures?: number | undefined
    /** Ends when it is aborted, with what is done by then. */
    readonly signal?: AbortSignal | undefined
  }
}

/** Seeds are handed out in chunks of this size at most; it does not depend on the number of workers. */
const largestChunk = 32
/** Milliseconds that runs in hand may still take when the end is wanted. */
const grace = 5_000

export const nothing: Totals = { runs: 0, steps: 0, simulated: 0, counts: {}, failures: [] }

/** Runs seeds on all cores. The same seeds give the same totals, in the same order, whatever the number of workers. */
export function runMany(many: Many): Promise<Totals> {
  return new Pool(many).run()
}

class Pool {
  readonly #many: Many
  readonly #chunk: number
  readonly #runners = new Set<Runner>()
  /** By number of the chunk. */
  readonly #done = new Map<number, Totals>()
  readonly #cut = Promise.withResolvers<void>()
  #next = 0
  /** Chunks before this one are all done, with so many failing seeds. */
  #whole = { chunks: 0, failures: 0 }
  #stopped = false

  constructor(many: Many) {
    this.#many = many
    this.#chunk = Math.min(largestChunk, Math.max(1, Math.ceil(many.runs / 64)))
  }

  async run(): Promise<Totals> {
    const { runs, workers = availableParallelism(), onProgress, every = 2, until } = this.#many
    const begun = performance.now()
    const progress = setInterval(() => onProgress?.(this.#progress(begun)), every * 1_000)
    const onAbort = () => this.#stop()
    until?.signal?.addEventListener('abort', onAbort)
    if (until?.signal?.aborted) onAbort()
    const lanes = Array.from({ length: Math.min(workers, Math.ceil(runs / this.#chunk)) }, () => this.#lane())
    try {
      await Promise.race([Promise.all(lanes), this.#cut.promise])
    } finally {
      clearInterval(progress)
      until?.signal?.removeEventListener('abort', onAbort)
      this.#stopped = true
      await Promise.all([...this.#runners].map((runner) => runner.end()))
    }
    return this.#totals()
  }

  /** One worker after another, when they are lost, until there are no chunks any more. */
  async #lane(): Promise<void> {
    let runner: Runner | undefined
    const first = this.#many.from
    const run = async (from: number, count: number): Promise<Totals> => {
      if (count === 0) return nothing
      runner ??= this.#start()
      try {
        return await runner.many(from, count, this.#limit)
      } catch (error) {
        if (!(error instanceof Lost)) throw error
        this.#runners.delete(runner)
        runner = undefined
        const { seed, failure } = error
        // Dead between two jobs: the seed is one that was counted before.
        if (seed < from || seed >= from + count)
          return sum([{ ...nothing, failures: [failure] }, await run(from, count)])
        const lost = { ...nothing, runs: 1, failures: [failure] }
        if (this.#stopped) return lost
        // What it had done of the chunk is lost with it.
        return sum([await run(from, seed - from), lost, await run(seed + 1, from + count - seed - 1)])
      }
    }
    while (!this.#stopped && this.#next * this.#chunk < this.#many.runs) {
      const number = this.#next++
      const begin = number * this.#chunk
      this.#finish(number, await run(first + begin, Math.min(this.#chunk, this.#many.runs - begin)))
    }
  }

  #start(): Runner {
    const runner = new Runner(this.#many)
    this.#runners.add(runner)
    return runner
  }

  #finish(number: number, totals: Totals): void {
    this.#done.set(number, totals)
    const limit = this.#limit
    for (;;) {
      const next = this.#done.get(this.#whole.chunks)
      if (!next || this.#whole.failures >= limit) break
      this.#whole = { chunks: this.#whole.chunks + 1, failures: this.#whole.failures + next.failures.length }
    }
    if (this.#whole.failures >= limit) this.#cut.resolve()
    // Those before it may still be in hand, and fail first.
    else if (failuresOf(this.#done.values()) >= limit) this.#stopped = true
  }

  get #limit(): number {
    return this.#many.until?.failures ?? Number.POSITIVE_INFINITY
  }

  #stop(): void {
    this.#stopped = true
    for (const runner of this.#runners) runner.stop()
    setTimeout(() => this.#cut.resolve(), grace).unref()
  }

  #progress(begun: number): Progress {
    const inHand = [...this.#runners].reduce((runs, runner) => runs + runner.done, 0)
    const done = [...this.#done.values()].reduce((runs, each) => runs + each.runs, 0)
    const seconds = (performance.now() - begun) / 1_000
    const failed = [...this.#done.values()].flatMap(({ failures }) => failures.map(({ seed }) => seed))
    return { runs: done + inHand, failed, seconds }
  }

  #totals(): Totals {
    const isCut = this.#whole.failures >= this.#limit
    const numbers = [...this.#done.keys()].filter((number) => !isCut || number < this.#whole.chunks)
    return sum(numbers.toSorted((one, other) => one - other).map((number) => this.#done.get(number) ?? nothing))
  }
}

const failuresOf = (many: Iterable<Totals>) => [...many].reduce((sum, { failures }) => sum + failures.length, 0)

function sum(many: readonly Totals[]): Totals {
  const counts: Record<string, number> = {}
  for (const each of many) {
    for (const [name, times] of Object.entries(each.counts)) counts[name] = (counts[name] ?? 0) + times
  }
  const total = (of: (each: Totals) => number) => many.reduce((so, each) => so + of(each), 0)
  return {
    runs: total(({ runs }) => runs),
    steps: total(({ steps }) => steps),
    simulated: total(({ simulated }) => simulated),
    counts: Object.fromEntries(Object.entries(counts).toSorted(([one], [other]) => (one < other ? -1 : 1))),
    failures: many.flatMap(({ failures }) => failures).toSorted((one, other) => one.seed - other.seed),
  }
}
