import type { Clock } from '../clock.ts'
import type { Message } from '../message.ts'
import type { Namespace } from '../namespace.ts'
import type { DiskJournal } from './disk-journal.ts'
import { recordKind, type Target } from './journal.ts'
import { writtenMessage, writtenTime } from './written.ts'

/** A journal of that many segments is left alone, however little of it is still needed. */
const smallJournal = 4
/** What a remembered id takes in the journal, roughly, in bytes. */
const sightingSize = 64

/** Messages that share their bytes are written together. */
interface Copy {
  readonly enqueuedAt: number
  readonly source: string | undefined
  readonly targets: Target[]
  readonly holders: { segment: number }[]
}

/**
 * Keeps the journal from growing: what is still needed of its oldest segment is written again at its end, then the segment
 * is dropped. Only ever the oldest, because a later one may say that what an earlier one holds was settled.
 */
export class Housekeeping {
  readonly #namespace: Namespace
  readonly #journal: DiskJournal
  readonly #clock: Clock
  #cleaning = false

  constructor(namespace: Namespace, journal: DiskJournal, clock: Clock) {
    this.#namespace = namespace
    this.#journal = journal
    this.#clock = clock
  }

  /** Sequence numbers go on where they were, even if no message is left to show them. */
  writeSequences(): void {
    const next: Record<string, number> = {}
    for (const { queue } of this.#namespace.outlets.values()) {
      if (queue.nextSequence > 1) next[queue.path] = queue.nextSequence
    }
    for (const { scheduled } of this.#namespace.inlets) {
      if (scheduled.nextSequence > 1) next[scheduled.path] = scheduled.nextSequence
    }
    this.#journal.append(recordKind.sequences, next)
  }

  /** After a start: everything that is there is written again, and the segments of the run before are dropped. */
  startAfresh(before: readonly number[]): Promise<void> {
    this.writeSequences()
    this.#rewrite(0)
    return new Promise((resolve) => {
      this.#journal.after(() => {
        for (const segment of before) this.#journal.drop(segment)
        resolve()
      })
    })
  }

  /** Drops oldest segments while too little of the journal is still needed, one at a time. */
  clean(): void {
    const oldest = this.#journal.sizes.keys().next().value
    if (this.#cleaning || oldest === undefined || !this.#worthwhile()) return
    this.#cleaning = true
    this.#rewrite(oldest)
    this.#journal.after(() => {
      this.#journal.drop(oldest)
      this.#cleaning = false
      this.clean()
    })
  }

  #worthwhile(): boolean {
    const { sizes } = this.#journal
    if (sizes.size <= smallJournal) return false
    let needed = this.#namespace.bytes
    for (const { duplicates } of this.#namespace.inlets) needed += (duplicates?.size ?? 0) * sightingSize
    let total = 0
    for (const size of sizes.values()) total += size
    return total > 3 * needed
  }

  /** Writes again, as it is now, what is there and was written last in this segment. */
  #rewrite(segment: number): void {
    const copies = new Map<Message, Copy>()
    const copyOf = (holder: { message: Message; enqueuedAt: number; segment: number }, source?: string): Target[] => {
      const copy = copies.get(holder.message) ?? { enqueuedAt: holder.enqueuedAt, source, targets: [], holders: [] }
      copies.set(holder.message, copy)
      copy.holders.push(holder)
      return copy.targets
    }
    for (const { queue } of this.#namespace.outlets.values()) {
      for (const entry of queue.messages.values()) {
        if (entry.segment !== segment) continue
        const deferred = entry.deferred ? ([1] as const) : ([] as const)
        const { sequence, deliveryCount } = entry
        const target: Target = [queue.path, sequence, writtenTime(entry.expiresAt), deliveryCount, ...deferred]
        copyOf(entry, entry.deadLetterSource).push(target)
      }
    }
    for (const { scheduled } of this.#namespace.inlets) {
      for (const entry of scheduled.entries.values()) {
        if (entry.segment === segment) copyOf(entry).push([scheduled.path, entry.sequence, entry.dueAt])
      }
    }
    for (const [message, { enqueuedAt, source, targets, holders }] of copies) {
      const { meta, bodies } = writtenMessage(message, targets, source)
      const now = this.#journal.append(recordKind.messages, { t: enqueuedAt, m: [meta] }, bodies)
      for (const holder of holders) holder.segment = now
    }
    this.#rewriteHistory(segment)
  }

  #rewriteHistory(segment: number): void {
    for (const { name, duplicates } of this.#namespace.inlets) {
      if (!duplicates) continue
      const oldest = this.#clock.now() - duplicates.window
      const ids: [string, number][] = []
      for (const [id, sighting] of duplicates.entries()) {
        if (sighting.segment !== segment || sighting.at <= oldest) continue
        ids.push([id, sighting.at])
        sighting.segment = this.#journal.segment
      }
      if (ids.length) this.#journal.append(recordKind.history, { f: name, ids })
    }
  }
}
