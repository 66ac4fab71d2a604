import { Worker } from 'node:worker_threads'
import type { Plan } from './plan.ts'
import type { Result } from './run.ts'
import type { Finding } from './world.ts'

/** A seed whose run broke a promise, or came to no end. */
export interface Failure {
  readonly seed: number
  readonly findings: readonly Finding[]
}

/** What came of some runs. */
export interface Totals {
  readonly runs: number
  /** Timers that ran. */
  readonly steps: number
  /** Milliseconds that passed in them. */
  readonly simulated: number
  readonly counts: Readonly<Record<string, number>>
  /** By seed. */
  readonly failures: readonly Failure[]
}

export interface Told {
  readonly plan: Plan
  readonly result: Result
}

export type Job =
  /** Ends with so many failing seeds. */
  | { readonly from: number; readonly count: number; readonly enough: number }
  /** A plan, or the seed that it is made of. */
  | { readonly plan: Plan | number; readonly story: boolean }

/** What a worker and who watches it both see; each of one number. */
export interface Board {
  /** 1 from then on that all is imported. */
  readonly ready: BigInt64Array
  /** The seed in hand. */
  readonly seed: BigInt64Array
  /** Runs that are done of the job in hand. */
  readonly done: BigInt64Array
  /** 1: no further run is to begin. */
  readonly stop: BigInt64Array
}

export interface WorkerData {
  readonly board: Board
  readonly fleet: string
  readonly mutation: string | undefined
}

export interface RunnerOptions {
  /** The module that exports `simulate`; run.ts by default. */
  readonly fleet?: URL | undefined
  /** The fault that is put into the code of the fleet. */
  readonly mutation?: string | undefined
  /** Milliseconds that one run may take. */
  readonly patience?: number | undefined
}

/** What is broken, instead of a promise, when a worker is lost. */
export const lostWorker = 'worker'

/** A worker died or hung in a run. */
export class Lost extends Error {
  override readonly name = 'Lost'
  readonly seed: number

  constructor(seed: number, message: string) {
    super(message)
    this.seed = seed
  }

  get failure(): Failure {
    return { seed: this.seed, findings: [{ promise: lostWorker, about: `seed ${this.seed}`, what: this.message }] }
  }
}

/** A worker thread with a fleet of its own, and the watch on it. It does one job at a time. */
export class Runner {
  readonly #worker: Worker
  readonly #board: Board = { ready: shared(), seed: shared(), done: shared(), stop: shared() }
  readonly #patience: number
  #job: PromiseWithResolvers<unknown> | undefined
  #end: Error | undefined

  constructor({ fleet = new URL('./run.ts', import.meta.url), mutation, patience = 60_000 }: RunnerOptions) {
    this.#patience = patience
    const workerData: WorkerData = { board: this.#board, fleet: fleet.href, mutation }
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData })
    this.#worker.on('message', (answer) => this.#job?.resolve(answer))
    this.#worker.on('error', (error) => this.#fail(`its worker died: ${textOf(error)}`))
    this.#worker.on('exit', (code) => this.#fail(`its worker died with exit code ${code}`))
  }

  /** Runs seeds, one after another, until so many have failed; one seed at least, after `stop`. Throws `Lost`. */
  many(from: number, count: number, enough = Number.POSITIVE_INFINITY): Promise<Totals> {
    return this.#ask({ from, count, enough }, from)
  }

  /** Throws `Lost`. */
  one(plan: Plan | number, story = false): Promise<Told> {
    return this.#ask({ plan, story }, typeof plan === 'number' ? plan : plan.seed)
  }

  /** Runs that are done of the job in hand. */
  get done(): number {
    return this.#job ? Number(Atomics.load(this.#board.done, 0)) : 0
  }

  /** No further run is begun. */
  stop(): void {
    Atomics.store(this.#board.stop, 0, 1n)
  }

  async end(): Promise<void> {
    this.#fail('it was ended')
    await this.#worker.terminate()
  }

  async #ask<T>(job: Job, seed: number): Promise<T> {
    if (this.#end) throw this.#end
    const asked = Promise.withResolvers<unknown>()
    this.#job = asked
    Atomics.store(this.#board.seed, 0, BigInt(seed))
    Atomics.store(this.#board.done, 0, 0n)
    const watch = this.#watch()
    this.#worker.postMessage(job)
    try {
      return (await asked.promise) as T
    } finally {
      clearInterval(watch)
      this.#job = undefined
    }
  }

  get #isReady(): boolean {
    return Atomics.load(this.#board.ready, 0) === 1n
  }

  /** Ends a worker that has been in one run, or its start, for too long. */
  #watch(): NodeJS.Timeout {
    const beat = () => `${Atomics.load(this.#board.seed, 0)} ${Atomics.load(this.#board.done, 0)}`
    let last = beat()
    let since = performance.now()
    return setInterval(
      () => {
        const now = beat()
        if (now !== last) since = performance.now()
        last = now
        const patience = this.#isReady ? this.#patience : Math.max(this.#patience, startPatience)
        if (performance.now() - since < patience) return
        this.#fail(`it gave no result for ${patience / 1_000} s`)
        void this.#worker.terminate()
      },
      Math.min(1_000, this.#patience / 4),
    )
  }

  #fail(why: string): void {
    if (this.#end) return
    const seed = Number(Atomics.load(this.#board.seed, 0))
    this.#end = this.#isReady ? new Lost(seed, why) : new Error(`the simulation cannot start: ${why}`)
    this.#job?.reject(this.#end)
  }
}

/** For how long a worker may take to import the fleet, in milliseconds. */
const startPatience = 60_000

const shared = () => new BigInt64Array(new SharedArrayBuffer(8))
const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))
