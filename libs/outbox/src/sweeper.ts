import type { Clock } from '@flotilla/decider/clock'
import { type Store, Unavailable } from '@flotilla/decider/store'
import type { Logger } from 'pino'
import { pause, period } from './backoff.ts'
import type { Relay } from './relay.ts'
import type { WorkRunner } from './work.ts'

export interface SweeperOptions {
  readonly store: Pick<Store<unknown>, 'claimOutbox' | 'claimWork' | 'prune' | 'backlog'>
  readonly relay: Relay
  readonly runner: WorkRunner
  readonly clock: Clock
  /** Longest time between two rounds, in milliseconds: 1 s. Drawn between three quarters of it and all. */
  readonly every?: number | undefined
  /** For how long claimed messages are ours, in milliseconds: 30 s. The same as the handler's. */
  readonly lease?: number | undefined
  /** For how long claimed work is ours, in milliseconds: as long as messages. The same as the runner's. */
  readonly workLease?: number | undefined
  /** Most rows in one claim: 500 messages, 64 works. */
  readonly most?: { readonly outbox: number; readonly work: number } | undefined
  /** How often what has outlived its time is deleted, in milliseconds (1 minute), and how much in one statement (500). */
  readonly prune?: { readonly every: number; readonly limit: number } | undefined
  /** How often the backlog is measured, in milliseconds: 5 s. */
  readonly measureEvery?: number | undefined
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'> | undefined
  /** After each claim that brought something: for metrics. Must not throw. */
  readonly onSwept?: ((swept: { readonly outbox: number; readonly work: number }) => void) | undefined
  /** Ages in milliseconds, 0 when there is nothing: for metrics and for shedding load. Must not throw. */
  readonly onBacklog?: ((backlog: Backlog) => void) | undefined
}

export interface Backlog {
  readonly oldestOutboxAge: number
  readonly oldestWorkAge: number
}

/** Brings back what nobody did: messages and work whose lease has run out, and deadlines that have come. */
export interface Sweeper {
  start(): void
  /** Resolves when nothing is being claimed any more. */
  stop(): Promise<void>
  /** Does a round now. */
  wake(): void
}

const leaseDefault = 30_000
/** Short enough that a deadline is met within seconds of the end of an outage. */
const outage = { base: 1_000, cap: 4_000 }
const pruneBatchesPerRound = 10
/** So that a long backlog of messages does not keep deadlines waiting, nor the other way round. */
const claimsPerRound = 10

export const createSweeper = (options: SweeperOptions): Sweeper => new StoreSweeper(options)

class StoreSweeper implements Sweeper {
  readonly #options: SweeperOptions
  readonly #clock: Clock
  #round: Promise<void> | undefined
  #cancel: (() => void) | undefined
  #state: 'new' | 'running' | 'stopped' = 'new'
  #again = false
  readonly #nudge = () => this.wake()
  #failures = 0
  #pruneAt: number
  #measureAt = 0

  constructor(options: SweeperOptions) {
    this.#options = options
    this.#clock = options.clock
    // Replicas that start together do not prune together.
    this.#pruneAt = this.#clock.now() + this.#pruning.every * this.#clock.random()
  }

  get #pruning() {
    return this.#options.prune ?? { every: 60_000, limit: 500 }
  }

  start() {
    if (this.#state !== 'new') return
    this.#state = 'running'
    this.#begin()
  }

  async stop() {
    this.#state = 'stopped'
    this.#cancel?.()
    await this.#round
  }

  wake() {
    if (this.#state !== 'running') return
    if (this.#round) this.#again = true
    else this.#begin()
  }

  #begin() {
    this.#cancel?.()
    this.#again = false
    this.#round = this.#sweep().then(() => {
      this.#round = undefined
      if (this.#state !== 'running') return
      const delay = this.#again && this.#failures === 0 ? 0 : this.#delay()
      this.#cancel = this.#clock.after(delay, () => this.#begin(), 'look')
    })
  }

  #delay(): number {
    const { every = 1_000 } = this.#options
    if (this.#failures > 0) return pause(outage, this.#failures - 1, this.#clock)
    return period(every, this.#clock)
  }

  /** Never rejects. One part that fails does not keep the others from being done. */
  async #sweep() {
    const steps = [() => this.#drawMessages(), () => this.#drawWork(), () => this.#prune(), () => this.#measure()]
    const results = await Promise.allSettled(steps.map((step) => step()))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) this.#failing(failed.reason)
    else if (this.#failures > 0) {
      this.#failures = 0
      this.#options.logger?.info('sweeping goes on')
    }
  }

  #failing(error: unknown) {
    const { logger } = this.#options
    this.#failures += 1
    if (this.#failures > 1) return
    if (error instanceof Unavailable) logger?.warn({ err: error }, 'sweeping waits for the store')
    else logger?.error({ err: error }, 'sweeping failed; it is tried again')
  }

  async #drawMessages() {
    const { relay, store, lease = leaseDefault, most, onSwept } = this.#options
    await this.#draw(relay, most?.outbox ?? 500, async (now, limit) => {
      const rows = await store.claimOutbox(now, now + lease, limit)
      relay.offer(rows)
      if (rows.length > 0) onSwept?.({ outbox: rows.length, work: 0 })
      return rows.length
    })
  }

  async #drawWork() {
    const { runner, store, lease = leaseDefault, workLease = lease, most, onSwept } = this.#options
    await this.#draw(runner, most?.work ?? 64, async (now, limit) => {
      const work = await store.claimWork(now, now + workLease, limit)
      runner.offer(work)
      if (work.length > 0) onSwept?.({ outbox: 0, work: work.length })
      return work.length
    })
  }

  /** Claims until there is nothing more or no room; comes back as soon as there is room again. */
  async #draw(
    taker: Pick<Relay, 'room' | 'whenRoom'>,
    most: number,
    claim: (now: number, limit: number) => Promise<number>,
  ) {
    for (let claims = 0; claims < claimsPerRound && this.#state === 'running'; claims += 1) {
      const limit = Math.min(most, taker.room())
      if (limit === 0) return taker.whenRoom(this.#nudge)
      if ((await claim(this.#clock.now(), limit)) < limit) return
    }
    this.#again = true
  }

  async #prune() {
    const { store } = this.#options
    const { every, limit } = this.#pruning
    if (this.#clock.now() < this.#pruneAt) return
    for (let batch = 0; batch < pruneBatchesPerRound && this.#state === 'running'; batch += 1) {
      if (!(await store.prune(this.#clock.now(), limit))) {
        this.#pruneAt = this.#clock.now() + period(every, this.#clock)
        return
      }
    }
  }

  async #measure() {
    const { store, measureEvery = 5_000, onBacklog } = this.#options
    const now = this.#clock.now()
    if (!onBacklog || now < this.#measureAt) return
    const { oldestOutboxAt = now, oldestDueAt = now } = await store.backlog()
    this.#measureAt = now + measureEvery
    onBacklog({ oldestOutboxAge: Math.max(0, now - oldestOutboxAt), oldestWorkAge: Math.max(0, now - oldestDueAt) })
  }
}
