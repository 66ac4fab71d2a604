import type { Clock } from '@flotilla/decider/clock'
import { type OutboxRow, Unavailable } from '@flotilla/decider/store'
import type { Logger } from 'pino'
import { pause } from './backoff.ts'
import type { RelayFailure, RelayLimits, RelaySuccess } from './delivery.ts'
import { isOutage } from './outage.ts'

/** A row in memory. The row is replaced when it is claimed anew, by one with a later lease. */
export interface Held {
  row: OutboxRow
  /** How many sends of it failed: the broker may have it already. */
  failed: number
}

/** What all lanes of a relay share. */
export interface Yard {
  readonly clock: Clock
  readonly limits: RelayLimits
  readonly publish: (topic: string, messages: readonly OutboxRow[], signal: AbortSignal) => Promise<void>
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'> | undefined
  /** The broker has them. */
  sent(rows: readonly Held[], success: RelaySuccess): void
  /** They leave the memory and stay in the database. */
  left(rows: readonly Held[], failure: RelayFailure): void
  /** A send failed as a whole; its rows stay in memory. */
  failed(failure: RelayFailure): void
  /** Something has come to an end: there may be room, or nothing left to wait for. */
  settled(): void
}

const backoff = { base: 100, cap: 5_000 }

/** The messages of one topic on their way: batches, several in flight, one at a time while the topic fails. */
export class Lane {
  readonly #topic: string
  readonly #yard: Yard
  #waiting: Held[] = []
  #flights = 0
  #failures = 0
  #batch: number
  #scheduled = false
  #closed = false
  #paused: (() => void) | undefined

  constructor(topic: string, yard: Yard) {
    this.#topic = topic
    this.#yard = yard
    this.#batch = yard.limits.batch
  }

  get failing(): boolean {
    return this.#failures > 0
  }

  /** A failing topic keeps a part of the memory only, so that it does not stop the others. */
  get full(): boolean {
    return this.failing && this.#waiting.length >= this.#yard.limits.failing
  }

  add(held: Held) {
    this.#waiting.push(held)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#yard.clock.defer(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  /** Gives up what is not in flight. */
  close() {
    this.#closed = true
    this.#paused?.()
    this.#waiting = []
  }

  #pump() {
    const { flights } = this.#yard.limits
    if (this.#closed) return
    while (!this.#paused && this.#waiting.length > 0 && this.#flights < (this.failing ? 1 : flights)) {
      const batch = this.#take()
      if (batch.length > 0) void this.#send(batch)
    }
  }

  /** The next batch, without what could no longer be sent within its lease. */
  #take(): Held[] {
    const { clock, limits } = this.#yard
    const answeredBy = clock.now() + limits.sendTimeout + limits.margin
    const batch: Held[] = []
    const late: Held[] = []
    let taken = 0
    for (const held of this.#waiting) {
      if (batch.length === this.#batch) break
      taken += 1
      if (held.row.leaseUntil < answeredBy) late.push(held)
      else batch.push(held)
    }
    this.#waiting.splice(0, taken)
    this.#leave(late, 'late')
    return batch
  }

  async #send(batch: Held[]) {
    const { clock } = this.#yard
    const started = clock.now()
    this.#flights += 1
    const error = await this.#publish(batch.map(({ row }) => row)).then(
      () => undefined,
      (error: unknown) => error ?? new Error('publish failed without an error'),
    )
    this.#flights -= 1
    if (error === undefined) this.#sent(batch, clock.now() - started)
    else this.#failed(batch, error)
    this.#pump()
    this.#yard.settled()
  }

  #publish(messages: OutboxRow[]): Promise<void> {
    const { clock, limits, publish } = this.#yard
    return new Promise((resolve, reject) => {
      const abort = new AbortController()
      const cancel = clock.after(limits.sendTimeout, () => {
        const late = new Unavailable(`topic ${this.#topic} did not answer within ${limits.sendTimeout} ms`)
        abort.abort(late)
        reject(late)
      })
      const published = async () => publish(this.#topic, messages, abort.signal)
      published().then(resolve, reject).finally(cancel)
    })
  }

  #sent(batch: Held[], took: number) {
    const { limits, logger } = this.#yard
    if (this.failing) logger?.info({ topic: this.#topic }, 'messages go out again')
    this.#failures = 0
    this.#batch = Math.min(limits.batch, this.#batch * 2)
    const repeated = batch.filter(({ failed }) => failed > 0).length
    this.#yard.sent(batch, { topic: this.#topic, rows: batch.map(({ row }) => row), repeated, took })
  }

  #failed(batch: Held[], error: unknown) {
    const outage = isOutage(error)
    const named = refusedAmong(batch, error)
    const refused = named ?? (batch.length === 1 && !outage ? batch[0] : undefined)
    for (const held of batch) held.failed += 1
    this.#waiting.unshift(...batch.filter((held) => held !== refused))
    if (refused) this.#leave([refused], 'refused', error)
    else this.#yard.failed({ topic: this.#topic, rows: batch.map(({ row }) => row), reason: 'unavailable', error })
    // The broker answered and named the message: the neighbours go out at once.
    if (named) return
    // An error that is neither an outage nor names a message may be the fault of one of them: smaller batches find it.
    if (!outage) this.#batch = Math.max(1, this.#batch >> 1)
    this.#rest(outage, error)
  }

  #rest(outage: boolean, error: unknown) {
    const { clock, limits, logger } = this.#yard
    if (!this.failing) logger?.warn({ topic: this.#topic, err: error }, 'messages cannot be sent; trying again')
    if (!this.#paused) {
      const delay = pause(backoff, outage ? this.#failures : 0, clock)
      this.#failures += 1
      this.#paused = clock.after(delay, () => {
        this.#paused = undefined
        this.#pump()
        this.#yard.settled()
      })
    }
    this.#leave(this.#waiting.splice(limits.failing), 'full')
  }

  #leave(rows: Held[], reason: RelayFailure['reason'], error?: unknown) {
    if (rows.length > 0) {
      this.#yard.left(rows, { topic: this.#topic, rows: rows.map(({ row }) => row), reason, error })
    }
  }
}

function refusedAmong(batch: readonly Held[], error: unknown): Held | undefined {
  if (!(error instanceof Error) || error.name !== 'PublishRefused' || !('messageId' in error)) return undefined
  return batch.find(({ row }) => row.id === error.messageId)
}
