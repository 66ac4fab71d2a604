import type { Clock } from '@flotilla/decider/clock'
import type { OutboxRow, Store } from '@flotilla/decider/store'
import type { Logger } from 'pino'
import { createGate, type Gate } from './deadline.ts'
import { type RelayFailure, type RelayLimits, type RelaySuccess, relayLimits } from './delivery.ts'
import { createForgetter, type Forgetter } from './forgetter.ts'
import { type Held, Lane, type Yard } from './lane.ts'
import { createRefusals, type Refusals } from './refusals.ts'

export interface RelayOptions {
  readonly store: Pick<Store<unknown>, 'forget'>
  /**
   * Hands messages to the broker: all or, when it throws, possibly some. Throws an error named `PublishRefused` with the
   * `messageId` of a message that the broker will never take; any other failure is tried again.
   */
  readonly publish: (topic: string, messages: readonly OutboxRow[], signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'> | undefined
  readonly limits?: Partial<RelayLimits> | undefined
  /** For metrics. Must not throw. */
  readonly onSent?: ((success: RelaySuccess) => void) | undefined
  /** For metrics. Must not throw. */
  readonly onFailed?: ((failure: RelayFailure) => void) | undefined
}

/** Sends what was just committed straight from memory, then deletes it. Never reads the database. */
export interface Relay {
  /** Takes rows that are leased to this process. What it does not take stays in the database for a sweeper. */
  offer(rows: readonly OutboxRow[]): void
  /** Rows in memory, those in flight included. */
  held(): number
  /** How many rows more it would take now. */
  room(): number
  /** Calls once, as soon as there is room. The same function is remembered once. */
  whenRoom(run: () => void): void
  /** Sends what is in memory and deletes what was sent, until a moment at most; then it takes and sends nothing more. */
  drain(deadlineAt: number): Promise<void>
}

export const createRelay = (options: RelayOptions): Relay => new MemoryRelay(options)

class MemoryRelay implements Relay, Yard {
  readonly clock: Clock
  readonly limits: RelayLimits
  readonly publish: RelayOptions['publish']
  readonly logger: RelayOptions['logger']
  readonly #options: RelayOptions
  readonly #held = new Map<string, Held>()
  readonly #lanes = new Map<string, Lane>()
  readonly #forgetter: Forgetter
  readonly #refusals: Refusals
  readonly #gate: Gate
  readonly #waitingForRoom = new Set<() => void>()
  #closed = false
  #full = false

  constructor(options: RelayOptions) {
    const { store, clock, logger, publish } = options
    this.#options = options
    this.clock = clock
    this.logger = logger
    this.publish = publish
    this.limits = { ...relayLimits, ...options.limits }
    this.#refusals = createRefusals(clock)
    this.#gate = createGate(clock, () => this.#held.size === 0 && this.#forgetter.size() === 0)
    this.#forgetter = createForgetter({ store, clock, logger, limit: this.limits.held, onIdle: this.#gate.check })
  }

  offer(rows: readonly OutboxRow[]) {
    const rejected = this.#closed ? rows : rows.filter((row) => !this.#admit(row))
    for (const [topic, rows] of Map.groupBy(rejected, (row) => row.topic)) this.#report({ topic, rows, reason: 'full' })
  }

  held(): number {
    return this.#held.size
  }

  room(): number {
    if (this.#closed) return 0
    const { held, failing } = this.limits
    // While nothing goes out, claiming more would only hide it from the moment things work again.
    const stuck = this.#lanes.size > 0 && this.#lanes.values().every((lane) => lane.failing)
    return Math.max(0, (stuck ? Math.min(held, failing * this.#lanes.size) : held) - this.#held.size)
  }

  whenRoom(run: () => void) {
    this.#waitingForRoom.add(run)
  }

  async drain(deadlineAt: number) {
    await this.#gate.until(deadlineAt)
    this.#closed = true
    if (this.#held.size > 0) this.logger?.warn({ rows: this.#held.size }, 'messages left to another replica')
    for (const lane of this.#lanes.values()) lane.close()
    this.#held.clear()
  }

  sent(rows: readonly Held[], success: RelaySuccess) {
    for (const { row } of rows) {
      this.#held.delete(row.id)
      this.#refusals.clear(row.id)
    }
    this.#full = false
    this.#forgetter.add(rows.map(({ row }) => row.id))
    this.#options.onSent?.(success)
  }

  left(rows: readonly Held[], failure: RelayFailure) {
    for (const { row } of rows) this.#held.delete(row.id)
    this.#report(failure)
  }

  failed(failure: RelayFailure) {
    this.#options.onFailed?.(failure)
  }

  settled() {
    this.#gate.check()
    if (this.#waitingForRoom.size === 0 || this.room() === 0) return
    const waiting = [...this.#waitingForRoom]
    this.#waitingForRoom.clear()
    for (const run of waiting) run()
  }

  /** False when there is no room. What is here, was sent already, or was refused lately is not taken a second time. */
  #admit(row: OutboxRow): boolean {
    const known = this.#held.get(row.id)
    if (known) {
      if (row.leaseUntil > known.row.leaseUntil) known.row = row
      return true
    }
    if (this.#forgetter.has(row.id) || this.#refusals.resting(row.id)) return true
    const lane = this.#lanes.get(row.topic) ?? new Lane(row.topic, this)
    this.#lanes.set(row.topic, lane)
    if (this.#held.size >= this.limits.held || lane.full) return false
    const held = { row, failed: 0 }
    this.#held.set(row.id, held)
    lane.add(held)
    return true
  }

  #report(failure: RelayFailure) {
    const { topic, rows, reason, error } = failure
    if (reason === 'refused') {
      for (const { id, type } of rows) {
        const { times, rest } = this.#refusals.note(id)
        this.logger?.error({ topic, message_id: id, type, times, rest_ms: rest, err: error }, 'message refused')
      }
    } else if (reason !== 'full' || !this.#full) {
      // Once until something goes out: a full memory would fill the log too.
      this.#full = reason === 'full'
      this.logger?.warn({ topic, rows: rows.length, reason }, 'messages left to a sweeper')
    }
    this.#options.onFailed?.(failure)
  }
}
