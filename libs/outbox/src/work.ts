import type { Clock } from '@flotilla/decider/clock'
import type { DueWork, Store } from '@flotilla/decider/store'
import type { Logger } from 'pino'
import type { Attempt, Worker } from './attempt.ts'
import { type Backoff, pause } from './backoff.ts'
import { createGate, type Gate } from './deadline.ts'
import { type Bench, type Hand, Kind, type KindLimits } from './kind.ts'

export interface WorkOptions<Command> {
  readonly store: Pick<Store<unknown>, 'postpone'>
  readonly clock: Clock
  /** By kind of work. */
  readonly workers: Readonly<Record<string, Worker<Command>>>
  /**
   * Makes a worker's result durable and settles the work in the same commit: `handle({ command, cause: { kind: 'work',
   * id: work.id }, traceparent: work.traceparent })`. A refusal is a fault: deciders refuse requests, never news.
   */
  readonly finish: Bench<Command>['finish']
  /** For how long work is leased, by the handler and the sweeper, in milliseconds: 30 s. */
  readonly lease?: number | undefined
  /** When a worker's signal aborts, in milliseconds: 20 s. At least `margin` less than the lease. */
  readonly timeout?: number | undefined
  /** What must be left of a lease beyond the time-out, in milliseconds: 2 s. */
  readonly margin?: number | undefined
  /** Most work of one kind at the same time: 64. */
  readonly concurrency?: number | undefined
  /** Most work of one kind in memory: 10,000. */
  readonly held?: number | undefined
  /** Other limits for some kinds. */
  readonly kinds?: Readonly<Record<string, Partial<KindLimits>>> | undefined
  /** Delay after failures, drawn between nothing and a ceiling that doubles: 1 s to 5 minutes. */
  readonly backoff?: Backoff | undefined
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'> | undefined
  /** For metrics. Must not throw. */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined
  /** Wraps each attempt, its command included, for a span. */
  readonly around?: ((work: DueWork, run: () => Promise<Attempt>) => Promise<Attempt>) | undefined
}

/** Does at once the work that was just committed, and the work that a sweeper claimed. */
export interface WorkRunner {
  /** Takes work that is due and leased to this process. What it does not take stays in the database for a sweeper. */
  offer(work: readonly DueWork[]): void
  /** Works in memory, those being done included. */
  held(): number
  /** How many works a sweeper may claim now, whatever their kinds. */
  room(): number
  /** Calls once, as soon as there is room. The same function is remembered once. */
  whenRoom(run: () => void): void
  /** Takes nothing more and ends what it has, until a moment at most; then it tells what still runs to give up. */
  drain(deadlineAt: number): Promise<void>
}

const unknownBackoff = { base: 60_000, cap: 60_000 }

/** Throws when a worker could outlive its lease. */
export const createWorkRunner = <Command>(options: WorkOptions<Command>): WorkRunner => new Runner(options)

class Runner<Command> implements WorkRunner, Bench<Command> {
  readonly clock: Clock
  readonly logger: WorkOptions<Command>['logger']
  readonly finish: Bench<Command>['finish']
  readonly around: Bench<Command>['around']
  readonly backoff: Backoff
  readonly margin: number
  draining = false
  closed = false
  readonly #options: WorkOptions<Command>
  readonly #kinds = new Map<string, Kind<Command>>()
  readonly #hands = new Map<string, Hand>()
  readonly #gate: Gate
  readonly #waitingForRoom = new Set<() => void>()

  constructor(options: WorkOptions<Command>) {
    const { lease = 30_000, timeout = 20_000, margin = 2_000, concurrency = 64, held = 10_000 } = options
    this.#options = options
    this.clock = options.clock
    this.logger = options.logger
    this.finish = options.finish
    this.around = options.around ?? ((_work, run) => run())
    this.backoff = options.backoff ?? { base: 1_000, cap: 5 * 60_000 }
    this.margin = margin
    this.#gate = createGate(this.clock, () => this.#hands.size === 0)
    for (const [name, worker] of Object.entries(options.workers)) {
      const limits = { concurrency, timeout, held, ...options.kinds?.[name] }
      if (lease < limits.timeout + margin) {
        throw new RangeError(
          `Work ${name} may take ${limits.timeout} ms, but its lease is ${lease} ms: it must be at least ${margin} ms longer.`,
        )
      }
      this.#kinds.set(name, new Kind(worker, limits, this))
    }
  }

  offer(works: readonly DueWork[]) {
    for (const work of works) this.#admit(work)
  }

  held(): number {
    return this.#hands.size
  }

  room(): number {
    if (this.draining) return 0
    const kinds = [...this.#kinds.values()]
    const up = kinds.filter((kind) => !kind.down)
    // A claim cannot choose kinds, so it takes what fits even if it is all of one. Kinds that are down stop no others.
    return Math.min(64, ...(up.length > 0 ? up : kinds).map(({ room }) => room))
  }

  whenRoom(run: () => void) {
    this.#waitingForRoom.add(run)
  }

  async drain(deadlineAt: number) {
    this.draining = true
    for (const kind of this.#kinds.values()) kind.drain()
    await this.#gate.until(deadlineAt)
    this.closed = true
    if (this.#hands.size > 0) this.logger?.warn({ works: this.#hands.size }, 'work left to another replica')
    for (const kind of this.#kinds.values()) kind.close()
  }

  /** Never throws: work that cannot be put back becomes visible when its lease ends. */
  async postpone(work: DueWork, visibleAt: number, attempts: number) {
    // Past the end of the lease it may be somebody else's.
    if (this.closed || this.clock.now() >= work.visibleAt) return
    try {
      await this.#options.store.postpone(work, Math.ceil(visibleAt), attempts)
    } catch (error) {
      this.logger?.warn(
        { kind: work.kind, work_id: work.id, err: error },
        'work could not be put back; its lease will end',
      )
    }
  }

  ended(hand: Hand, attempt: Attempt) {
    this.#hands.delete(hand.work.id)
    this.#options.onAttempt?.(attempt)
    if (hand.next && (attempt.outcome === 'finished' || attempt.outcome === 'repeated')) this.#admit(hand.next)
    this.#gate.check()
    if (this.#waitingForRoom.size === 0 || this.room() === 0) return
    const waiting = [...this.#waitingForRoom]
    this.#waitingForRoom.clear()
    for (const run of waiting) run()
  }

  #admit(work: DueWork) {
    const known = this.#hands.get(work.id)
    if (known) {
      if (work.dueAt !== known.work.dueAt) known.next = work
      else if (work.visibleAt > known.work.visibleAt) known.work = work
      return
    }
    const now = this.clock.now()
    if (this.draining || work.dueAt > now) return
    const kind = this.#kinds.get(work.kind)
    if (!kind) {
      this.logger?.error(
        { kind: work.kind, work_id: work.id },
        'no worker for this kind of work; a newer release may know it',
      )
      void this.postpone(work, now + pause(unknownBackoff, 0, this.clock), work.attempts)
      this.#options.onAttempt?.({ work, outcome: 'unknown', took: 0 })
    } else if (kind.full) this.#options.onAttempt?.({ work, outcome: 'full', took: 0 })
    else {
      const hand: Hand = { work }
      this.#hands.set(work.id, hand)
      kind.add(hand)
    }
  }
}
