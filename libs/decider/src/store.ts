import type { Message } from '@flotilla/contracts/message'
import type { Key } from './decider.ts'

/** What brought a command: kept with its effect, so that it has that effect once. */
export interface Cause {
  /** `message`: a CloudEvents id. `request`: the hash of caller, route and Idempotency-Key. `work`: the id of due work. */
  readonly kind: 'message' | 'request' | 'work'
  readonly id: string
  /** Requests only: the hash of the validated body, to tell a repetition from another request under the same key. */
  readonly fingerprint?: string
}

/** A cause that is already known, with the home of the command it brought. */
export interface KnownCause {
  readonly home: Key
  readonly fingerprint?: string | undefined
}

export interface Versioned<Row> {
  readonly state: Row
  /** 1 after the first save. */
  readonly version: number
}

export interface Loaded<Row> {
  readonly rows: ReadonlyMap<Key, Versioned<Row>>
  /** By `causeKey`. A work cause is known (already settled) when its due work no longer exists; its home is ''. */
  readonly known: ReadonlyMap<string, KnownCause>
}

export const causeKey = (cause: Cause): string => `${cause.kind}:${cause.id}`

/** One domain event as it is remembered; the timeline is made of these. */
export interface HistoryEntry {
  readonly key: Key
  readonly version: number
  readonly index: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly type: string
  /** JSON of the domain event. */
  readonly body: string
}

/** A message to be published: written with the state, deleted when the broker has it. */
export interface OutboxRow extends Message {
  /** Milliseconds since the epoch; until then only its writer (or the sweeper that claimed it) may send it. */
  readonly leaseUntil: number
}

/** What must happen later or outside: a deadline, a card call, a mail. */
export interface DueWork {
  /** Unique in the service; named by the domain (`deadline:<orderId>`) so that it can be cancelled. */
  readonly id: string
  readonly kind: string
  readonly home: Key
  /** Plain JSON value. */
  readonly payload: unknown
  /** When it may be (re)tried, milliseconds since the epoch: its due time, or the end of a claimant's lease. */
  readonly visibleAt: number
  /** How often it was claimed by the sweeper or failed. */
  readonly attempts: number
  /** When it was first due, milliseconds since the epoch. */
  readonly dueAt: number
  readonly traceparent?: string | undefined
}

/** Work under the lease it was claimed with: its `visibleAt`. */
export type HeldWork = Pick<DueWork, 'id' | 'visibleAt'>

export interface RowChange<Row> {
  readonly key: Key
  readonly state: Row
  /** The version the decision was made on (0: the row was absent), and the version it has now. */
  readonly expected: number
  readonly version: number
}

/** All that one accepted command changes: written whole or not at all. */
export interface Change<Row> {
  readonly cause: Cause
  readonly home: Key
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What the decision rests on, whether it is changed or not. */
  readonly reads?: readonly Key[]
  readonly rows: readonly RowChange<Row>[]
  readonly history: readonly HistoryEntry[]
  readonly outbox: readonly OutboxRow[]
  /** Work under an id that is already there takes its place. */
  readonly schedule: readonly DueWork[]
  /** Ids of due work that is no longer wanted; missing ones are fine. What is also scheduled stays. */
  readonly cancel: readonly string[]
}

/**
 * `stale`: a row was changed by someone else since it was loaded, or the cause became known meanwhile; nothing of this
 * change was written, nor of any other change in the batch that builds on it. The handler decides again.
 */
export type Saved = 'saved' | 'stale'

/** What a batch needs before it can be decided. */
export interface Wanted {
  readonly keys: readonly Key[]
  readonly causes: readonly Cause[]
}

/**
 * A service's database, as the handler, the relay and the sweeper need it. Every implementation passes `storeContract`.
 * Throws `Unavailable` when the database cannot be reached or answers too late: the fault is not the command's.
 */
export interface Store<Row> {
  /**
   * `turn`: commits at once when asked (SQLite), so the handler collects what arrives within one event-loop turn.
   * `flight`: takes a while (a network), so the handler keeps at most two batches in flight, never two with one key.
   */
  readonly pace: 'turn' | 'flight'
  /**
   * Loads the wanted rows (and the rows these follow, such as the items of a reservation) and causes, lets `decide`
   * say what changes, and writes that in one atomic step. `decide` is synchronous, and may be called again.
   */
  transact(wanted: Wanted, decide: (loaded: Loaded<Row>) => readonly Change<Row>[]): Promise<readonly Saved[]>
  /** Deletes outbox rows the broker has. May wait for the next commit; a row that outlives a crash is sent again. */
  forget(ids: readonly string[]): Promise<void>
  /** Takes up to `limit` outbox rows whose lease ended before `now`, leases them until `leaseUntil`, oldest first. */
  claimOutbox(now: number, leaseUntil: number, limit: number): Promise<readonly OutboxRow[]>
  /** Takes up to `limit` due work visible at `now`, hides it until `leaseUntil`, counts an attempt, longest due first. */
  claimWork(now: number, leaseUntil: number, limit: number): Promise<readonly DueWork[]>
  /**
   * Puts failed work back: visible again at `visibleAt`, with `attempts`. Only as long as it is held under the lease of
   * `held`: work that is gone, or that somebody else has claimed since, stays as it is. So a call that was
   * done without its answer can be repeated.
   */
  postpone(held: HeldWork, visibleAt: number, attempts: number): Promise<void>
  /** Deletes message causes, keys and history that have outlived their time, at most `limit` of each; true if more is left. */
  prune(now: number, limit: number): Promise<boolean>
  /** When the oldest outbox row and the longest overdue work were written or due; for metrics and shedding load. */
  backlog(): Promise<{ readonly oldestOutboxAt?: number | undefined; readonly oldestDueAt?: number | undefined }>
  close(): Promise<void>
}

/** The database could not be reached, or did not answer in time. Never a fault of the command or the message. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}
