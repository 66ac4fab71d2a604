import type { Message } from '../message.ts'
import type { Namespace } from '../namespace.ts'
import type { MessageQueue } from '../queue.ts'
import {
  type HistoryMeta,
  type MessagesMeta,
  type RemovedMeta,
  recordKind,
  type SequencesMeta,
  type Target,
  type UpdatedMeta,
} from './journal.ts'
import { type JournalRecord, readJournal } from './segment.ts'
import { readMessage, readTime } from './written.ts'

/** A message as the journal leaves it. */
interface Found {
  readonly message: Message
  readonly enqueuedAt: number
  readonly time: number
  readonly source: string | undefined
  deliveryCount: number
  deferred: boolean
}

/** Messages of an entity the configuration no longer declares: like a deletion in the service, they are gone. */
export interface Orphans {
  readonly entity: string
  readonly messages: number
}

class Replay {
  readonly stores = new Map<string, Map<number, Found>>()
  readonly next = new Map<string, number>()
  readonly #namespace: Namespace

  constructor(namespace: Namespace) {
    this.#namespace = namespace
  }

  apply(record: JournalRecord): void {
    if (record.kind === recordKind.messages) this.#messages(record.meta as MessagesMeta, record.body)
    else if (record.kind === recordKind.removed) this.#remove(record.meta as RemovedMeta)
    else if (record.kind === recordKind.updated) this.#update(record.meta as UpdatedMeta)
    else if (record.kind === recordKind.history) this.#remember(record.meta as HistoryMeta)
    else for (const [path, next] of Object.entries(record.meta as SequencesMeta)) this.#used(path, next - 1)
  }

  #used(path: string, sequence: number): void {
    this.next.set(path, Math.max(this.next.get(path) ?? 1, sequence + 1))
  }

  #messages(meta: MessagesMeta, body: Buffer): void {
    for (const [path, sequence] of meta.x ?? []) this.stores.get(path)?.delete(sequence)
    let at = 0
    for (const written of meta.m) {
      const { message, end } = readMessage(written, body, at)
      at = end
      for (const target of written.to) this.#hold(target, { message, enqueuedAt: meta.t, source: written.s })
      if (meta.f) this.#namespace.inlet(meta.f)?.duplicates?.remember(message.messageId, meta.t)
    }
  }

  #hold([path, sequence, time, count, deferred]: Target, found: Pick<Found, 'message' | 'enqueuedAt' | 'source'>) {
    const store = this.stores.get(path) ?? new Map<number, Found>()
    this.stores.set(path, store)
    store.set(sequence, { ...found, time: readTime(time), deliveryCount: count ?? 0, deferred: deferred === 1 })
    this.#used(path, sequence)
  }

  #remove([path, sequence]: RemovedMeta): void {
    this.stores.get(path)?.delete(sequence)
  }

  #update([path, sequence, deliveryCount, deferred]: UpdatedMeta): void {
    const found = this.stores.get(path)?.get(sequence)
    if (found) Object.assign(found, { deliveryCount, deferred: deferred === 1 })
  }

  #remember({ f, ids }: HistoryMeta): void {
    const duplicates = this.#namespace.inlet(f)?.duplicates
    for (const [id, at] of ids) duplicates?.remember(id, at)
  }
}

function fillQueue(queue: MessageQueue, store: ReadonlyMap<number, Found>): void {
  for (const [sequence, found] of [...store].sort(([one], [other]) => one - other)) {
    const { message, enqueuedAt, time, source, deliveryCount, deferred } = found
    const entry = {
      ...{ sequence, message, enqueuedAt, expiresAt: time, deadLetterSource: source, deliveryCount, deferred },
      segment: 0,
      place: 'arriving' as const,
      lock: undefined,
    }
    queue.hold(entry)
    if (deferred) queue.defer(entry)
    else queue.arrive(entry)
  }
}

/**
 * Puts back what the journal in the directory says is there.
 * @throws DamagedJournal
 */
export function recover(namespace: Namespace, directory: string): Orphans[] {
  const replay = new Replay(namespace)
  for (const record of readJournal(directory)) replay.apply(record)
  const known = new Set<string>()
  for (const { queue } of namespace.outlets.values()) {
    known.add(queue.path)
    queue.nextSequence = replay.next.get(queue.path) ?? 1
  }
  for (const { scheduled } of namespace.inlets) {
    known.add(scheduled.path)
    scheduled.nextSequence = replay.next.get(scheduled.path) ?? 1
    for (const [sequence, { message, enqueuedAt, time }] of replay.stores.get(scheduled.path) ?? []) {
      const entry = { sequence, message, enqueuedAt, dueAt: time, segment: 0, waiting: false }
      scheduled.hold(entry)
      scheduled.arrive(entry)
    }
  }
  for (const { queue } of namespace.outlets.values()) {
    const store = replay.stores.get(queue.path)
    if (store) fillQueue(queue, store)
  }
  return [...replay.stores]
    .filter(([path, store]) => !known.has(path) && store.size > 0)
    .map(([entity, store]) => ({ entity, messages: store.size }))
}
