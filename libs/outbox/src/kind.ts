import type { Clock } from '@flotilla/decider/clock'
import { type DueWork, Unavailable } from '@flotilla/decider/store'
import type { Logger } from 'pino'
import type { Attempt, Result, Worker } from './attempt.ts'
import { type Backoff, pause, spread } from './backoff.ts'
import { elapsed } from './deadline.ts'
import { isOutage } from './outage.ts'

/** Work in hand. It is replaced when it is claimed anew, by one with a later lease. */
export interface Hand {
  work: DueWork
  /** Other work under the same id, scheduled meanwhile: done when this is settled. */
  next?: DueWork
  abort?: AbortController
}

/** What all kinds of a runner share. */
export interface Bench<Command> {
  readonly clock: Clock
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'> | undefined
  readonly backoff: Backoff
  /** Milliseconds that must be left of a lease beyond the time-out. */
  readonly margin: number
  readonly finish: (
    work: DueWork,
    command: Command,
  ) => Promise<{ readonly status: 'accepted' | 'repeated' | 'refused'; readonly refusal?: unknown }>
  readonly around: (work: DueWork, run: () => Promise<Attempt>) => Promise<Attempt>
  postpone(work: DueWork, visibleAt: number, attempts: number): Promise<void>
  /** No longer in hand. */
  ended(hand: Hand, attempt: Attempt): void
  readonly draining: boolean
  readonly closed: boolean
}

export interface KindLimits {
  /** Most at the same time. */
  readonly concurrency: number
  /** Milliseconds until the worker's signal aborts. */
  readonly timeout: number
  /** Most in memory. */
  readonly held: number
}

const outageBackoff = { base: 500, cap: 10_000 }
const finishBackoff = { base: 50, cap: 1_000 }

/** All work of one kind in hand: so many at a time, and one at a time while what it needs is away. */
export class Kind<Command> {
  readonly #worker: Worker<Command>
  readonly #limits: KindLimits
  readonly #bench: Bench<Command>
  #waiting: Hand[] = []
  readonly #running = new Set<Hand>()
  #outages = 0
  #paused: (() => void) | undefined

  constructor(worker: Worker<Command>, limits: KindLimits, bench: Bench<Command>) {
    this.#worker = worker
    this.#limits = limits
    this.#bench = bench
  }

  get down(): boolean {
    return this.#outages > 0
  }

  /** How many a sweeper may claim: enough to be busy, few enough that each is begun within its lease. */
  get room(): number {
    const { concurrency } = this.#limits
    return Math.max(0, (this.down ? concurrency : concurrency * 2) - this.#waiting.length - this.#running.size)
  }

  get full(): boolean {
    const { concurrency, held } = this.#limits
    return this.#waiting.length + this.#running.size >= (this.down ? Math.min(held, concurrency * 2) : held)
  }

  add(hand: Hand) {
    this.#waiting.push(hand)
    this.#pump()
  }

  /** Begins nothing that would have to wait for an outage to end. */
  drain() {
    if (this.down) this.#leaveAll('unavailable')
  }

  /** Begins nothing more, and tells what runs to give up. */
  close() {
    this.#paused?.()
    this.#leaveAll('late')
    for (const { abort } of this.#running) abort?.abort(new Error('shutting down'))
  }

  #leaveAll(outcome: Attempt['outcome']) {
    for (const hand of this.#waiting.splice(0)) this.#bench.ended(hand, { work: hand.work, outcome, took: 0 })
  }

  #pump() {
    const { concurrency, timeout } = this.#limits
    const { clock, margin, closed } = this.#bench
    while (!closed && !this.#paused && this.#running.size < (this.down ? 1 : concurrency)) {
      const hand = this.#waiting.shift()
      if (!hand) return
      const { work } = hand
      if (clock.now() + timeout + margin <= work.visibleAt) void this.#run(hand)
      else this.#bench.ended(hand, { work, outcome: 'late', took: 0 })
    }
  }

  async #run(hand: Hand) {
    const { clock, around } = this.#bench
    const started = clock.now()
    this.#running.add(hand)
    const attempt = await around(hand.work, async () => {
      const { outcome, error } = await this.#attempt(hand)
      return { work: hand.work, outcome, took: clock.now() - started, error }
    }).catch((error): Attempt => ({ work: hand.work, outcome: 'failed', took: clock.now() - started, error }))
    this.#running.delete(hand)
    this.#bench.ended(hand, attempt)
    this.#pump()
  }

  async #attempt(hand: Hand): Promise<Pick<Attempt, 'outcome' | 'error'>> {
    let result: Result<Command>
    try {
      result = await this.#work(hand)
    } catch (error) {
      if (isOutage(error) || hand.abort?.signal.aborted) return this.#away(hand.work, error)
      return this.#failed(hand.work, error)
    }
    if (this.down) this.#bench.logger?.info({ kind: hand.work.kind }, 'work goes on')
    this.#outages = 0
    if ('command' in result) return this.#finish(hand, result.command)
    // It was answered, so a failure that comes later is a first one.
    await this.#bench.postpone(hand.work, result.again, 0)
    return { outcome: 'again' }
  }

  #work(hand: Hand): Promise<Result<Command>> {
    const { clock } = this.#bench
    const { timeout } = this.#limits
    const { work } = hand
    return new Promise((resolve, reject) => {
      const abort = new AbortController()
      hand.abort = abort
      const cancelTimeout = clock.after(timeout, () =>
        abort.abort(new Unavailable(`${work.kind} gave no answer within ${timeout} ms`)),
      )
      const cancelLease = clock.after(work.visibleAt - clock.now(), () => {
        const stuck = new Unavailable(`${work.kind} did not even give up when told to, until its lease ran out`)
        this.#bench.logger?.error(
          { kind: work.kind, work_id: work.id, err: stuck },
          'a worker does not heed its signal',
        )
        reject(stuck)
      })
      const working = async () => this.#worker(work, abort.signal)
      working()
        .then(resolve, reject)
        .finally(() => {
          cancelTimeout()
          cancelLease()
        })
    })
  }

  /** A result in hand is worth more than doing the work again, so it outlasts an outage of the database, and the lease. */
  async #finish(hand: Hand, command: Command): Promise<Pick<Attempt, 'outcome' | 'error'>> {
    const { clock, logger, finish } = this.#bench
    for (let failures = 0; ; failures += 1) {
      const { work } = hand
      try {
        const { status, refusal } = await finish(work, command)
        if (status === 'accepted') return { outcome: 'finished' }
        if (status === 'repeated') return { outcome: 'repeated' }
        logger?.error({ kind: work.kind, work_id: work.id, refusal }, 'the result of work was refused: this is a fault')
        await this.#retryLater(hand.work)
        return { outcome: 'refused', error: refusal }
      } catch (error) {
        // It may have been claimed anew meanwhile, under a later lease.
        if (!isOutage(error)) return this.#failed(hand.work, error)
        if (this.#bench.closed) return { outcome: 'unavailable', error }
        if (failures === 0)
          logger?.warn({ kind: work.kind, work_id: work.id, err: error }, 'a result waits to be stored')
        await elapsed(clock, pause(finishBackoff, failures, clock))
      }
    }
  }

  async #failed(work: DueWork, error: unknown): Promise<Pick<Attempt, 'outcome' | 'error'>> {
    const { logger } = this.#bench
    const { kind, id, attempts } = work
    logger?.error({ kind, work_id: id, attempts: attempts + 1, err: error }, 'work failed; it is tried again')
    await this.#retryLater(work)
    return { outcome: 'failed', error }
  }

  #retryLater(work: DueWork): Promise<void> {
    const { clock, backoff } = this.#bench
    // One failure counts twice: when it fails, and when it is claimed again.
    const delay = spread(backoff, work.attempts / 2, clock)
    return this.#bench.postpone(work, clock.now() + delay, work.attempts + 1)
  }

  async #away(work: DueWork, error: unknown): Promise<Pick<Attempt, 'outcome' | 'error'>> {
    const { clock, logger, draining } = this.#bench
    if (!this.down) logger?.warn({ kind: work.kind, work_id: work.id, err: error }, 'work waits for an outage to end')
    const delay = pause(outageBackoff, this.#outages, clock)
    if (!this.#paused) {
      this.#outages += 1
      this.#paused = clock.after(delay, () => {
        this.#paused = undefined
        this.#pump()
      })
    }
    if (draining) this.#leaveAll('unavailable')
    await this.#bench.postpone(work, clock.now() + delay, work.attempts)
    return { outcome: 'unavailable', error }
  }
}
