/**
 * What happened, in order. A record is on disk when `after` says so; everything that is told to a client waits for it.
 * Records are grouped: whatever is appended while a flush is under way shares the next one.
 */
export interface Journal {
  /** @returns the segment the record is in, for housekeeping */
  append(kind: RecordKind, meta: unknown, bodies?: readonly Buffer[]): number
  /** Runs when everything appended so far is on disk, in the order of the calls. */
  after(run: () => void): void
  close(): Promise<void>
}

export const recordKind = { messages: 1, removed: 2, updated: 3, history: 4, sequences: 5 } as const
export type RecordKind = (typeof recordKind)[keyof typeof recordKind]

/** One message in a record of kind `messages`; its bytes follow in the record's body: annotations, then the bare message. */
export interface MessageMeta {
  readonly id: string
  readonly ttl?: number | undefined
  /** Count of annotations, and length of their bytes. */
  readonly a?: readonly [number, number]
  /** Length of the bare message. */
  readonly b: number
  /** Where it died, for a dead letter. */
  readonly s?: string | undefined
  readonly to: readonly Target[]
}

/** Queue, sequence number, time (expiry, or due for scheduled ones; null is never), delivery count, deferred. */
export type Target = readonly [path: string, sequence: number, time: number | null, count?: number, deferred?: 1]

export interface MessagesMeta {
  /** When they were enqueued, in milliseconds since 1970. */
  readonly t: number
  /** The inlet that remembers their ids, if it looks for duplicates. */
  readonly f?: string | undefined
  readonly m: readonly MessageMeta[]
  /** What is removed in the same step: queue and sequence number. */
  readonly x?: readonly (readonly [string, number])[] | undefined
}

/** Queue and sequence number. */
export type RemovedMeta = readonly [string, number]
/** Queue, sequence number, delivery count, deferred. */
export type UpdatedMeta = readonly [string, number, number, 0 | 1]
export interface HistoryMeta {
  readonly f: string
  readonly ids: readonly (readonly [id: string, at: number])[]
}
/** The next sequence number of each queue. */
export type SequencesMeta = Readonly<Record<string, number>>

/** Nothing is kept: what is said is true until the process ends. */
export const memoryJournal: Journal = {
  append: () => 0,
  after: (run) => run(),
  close: () => Promise.resolve(),
}
