import type { Clock } from './clock.ts'
import type { Topology } from './config.ts'
import type { Sighting } from './duplicates.ts'
import type { Entry } from './entry.ts'
import { type Journal, type MessageMeta, memoryJournal, recordKind, type Target } from './journal/journal.ts'
import { writtenMessage, writtenTime } from './journal/written.ts'
import { correlatedOf, type Incoming, type Message, sizeOf } from './message.ts'
import { type Inlet, Namespace, route } from './namespace.ts'
import type { MessageQueue } from './queue.ts'
import { messageNotFound, quotaExceeded } from './refusal.ts'
import type { ScheduledEntry } from './scheduled.ts'
import { Settlement } from './settlement.ts'

/** Messages that were given their places, and are written in one record. */
interface Placement {
  readonly metas: MessageMeta[]
  readonly bodies: Buffer[]
  readonly arrivals: { queue: MessageQueue; entry: Entry }[]
  readonly scheduled: ScheduledEntry[]
  readonly sightings: Sighting[]
}

/** Whether the message is no duplicate. */
function admits(inlet: Inlet, message: Message, now: number, placed: Placement): boolean {
  if (!inlet.duplicates) return true
  const sighting = inlet.duplicates.admit(message.messageId, now)
  if (sighting) placed.sightings.push(sighting)
  return sighting !== undefined
}

const placement = (): Placement => ({ metas: [], bodies: [], arrivals: [], scheduled: [], sightings: [] })

export interface BrokerOptions {
  readonly topology: Topology
  readonly clock: Clock
  /** Bytes of messages kept; more are refused. */
  readonly quota: number
}

/** Takes messages, routes them, keeps them until they are settled. Nothing is told to anybody before it is on disk. */
export class Broker {
  readonly namespace: Namespace
  readonly settlement: Settlement
  readonly clock: Clock
  readonly #quota: number
  journal: Journal = memoryJournal

  constructor({ topology, clock, quota }: BrokerOptions) {
    this.clock = clock
    this.#quota = quota
    this.settlement = new Settlement(clock, () => this.journal)
    this.namespace = new Namespace(topology, clock, {
      expired: (queue, entry) => this.settlement.expire(queue, entry),
      lockLost: (queue, entry) => this.settlement.abandon(queue, entry),
      due: (inlet, entries) => this.#enqueueDue(inlet, entries),
    })
  }

  /**
   * Takes all of the messages or none of them. `accepted` runs when they are on disk.
   * @throws Refusal when the namespace is full
   */
  publish(inlet: Inlet, incoming: readonly Incoming[], accepted: () => void): void {
    const now = this.clock.now()
    this.#checkQuota(incoming)
    const placed = placement()
    for (const { message, correlated, scheduledFor } of incoming) {
      if (!admits(inlet, message, now, placed)) continue
      if (scheduledFor !== undefined && scheduledFor > now) this.#placeScheduled(inlet, message, scheduledFor, placed)
      else this.#place(inlet, message, route(inlet, message, correlated), now, placed)
    }
    this.#commit(inlet, now, placed, undefined, accepted)
  }

  /**
   * Keeps the messages until they are due.
   * @throws Refusal when the namespace is full
   */
  schedule(inlet: Inlet, incoming: readonly Incoming[], accepted: (sequences: readonly number[]) => void): void {
    const now = this.clock.now()
    this.#checkQuota(incoming)
    const placed = placement()
    const sequences = incoming.map(({ message, scheduledFor }) => {
      // The service answers with a sequence number for a duplicate as well; that message never appears.
      if (!admits(inlet, message, now, placed)) return inlet.scheduled.nextSequence++
      return this.#placeScheduled(inlet, message, scheduledFor ?? now, placed)
    })
    this.#commit(inlet, now, placed, undefined, () => accepted(sequences))
  }

  /** @throws Refusal when one of them is not scheduled; then none is cancelled */
  cancel(inlet: Inlet, sequences: readonly number[], cancelled: () => void): void {
    const entries = sequences.map((sequence) => inlet.scheduled.entries.get(sequence))
    if (entries.some((entry) => !entry?.waiting)) throw messageNotFound(sequences)
    for (const entry of entries as ScheduledEntry[]) {
      inlet.scheduled.remove(entry)
      this.journal.append(recordKind.removed, [inlet.scheduled.path, entry.sequence])
    }
    this.journal.after(cancelled)
  }

  #checkQuota(incoming: readonly Incoming[]): void {
    const more = incoming.reduce((sum, { message }) => sum + sizeOf(message), 0)
    if (this.namespace.bytes + more > this.#quota) throw quotaExceeded(this.#quota)
  }

  #place(inlet: Inlet, message: Message, queues: readonly MessageQueue[], now: number, placed: Placement): void {
    const ttl = Math.min(message.ttl ?? Number.POSITIVE_INFINITY, inlet.settings.timeToLive)
    const targets: Target[] = []
    for (const queue of queues) {
      const expiresAt = now + Math.min(ttl, queue.settings.timeToLive)
      const entry = queue.place(message, now, expiresAt)
      placed.arrivals.push({ queue, entry })
      targets.push([queue.path, entry.sequence, writtenTime(expiresAt)])
    }
    this.#written(message, targets, inlet, placed)
  }

  #placeScheduled(inlet: Inlet, message: Message, dueAt: number, placed: Placement): number {
    const { scheduled } = inlet
    const sequence = scheduled.nextSequence++
    const entry = { sequence, message, enqueuedAt: this.clock.now(), dueAt, segment: 0, waiting: false }
    scheduled.hold(entry)
    placed.scheduled.push(entry)
    this.#written(message, [[scheduled.path, sequence, dueAt]], inlet, placed)
    return sequence
  }

  /** A message that matches no rule is accepted and dropped; it is written only if its id must be remembered. */
  #written(message: Message, targets: readonly Target[], inlet: Inlet, placed: Placement): void {
    if (targets.length === 0 && !inlet.duplicates) return
    const kept = targets.length ? message : { ...message, bare: Buffer.alloc(0), annotationCount: 0 }
    const { meta, bodies } = writtenMessage(kept, targets)
    placed.metas.push(meta)
    placed.bodies.push(...bodies)
  }

  #enqueueDue(inlet: Inlet, entries: readonly ScheduledEntry[]): void {
    const now = this.clock.now()
    const placed = placement()
    for (const entry of entries) {
      inlet.scheduled.remove(entry)
      const { message } = entry
      this.#place(inlet, message, route(inlet, message, correlatedOf(message.bare)), now, placed)
    }
    const removed = entries.map((entry) => [inlet.scheduled.path, entry.sequence] as const)
    this.#commit(undefined, now, placed, removed, () => undefined)
  }

  #commit(
    remembering: Inlet | undefined,
    now: number,
    placed: Placement,
    removed: readonly (readonly [string, number])[] | undefined,
    committed: () => void,
  ): void {
    if (placed.metas.length || removed) {
      const f = remembering?.duplicates ? remembering.name : undefined
      const meta = { t: now, f, m: placed.metas, x: removed }
      const segment = this.journal.append(recordKind.messages, meta, placed.bodies)
      for (const { entry } of placed.arrivals) entry.segment = segment
      for (const entry of placed.scheduled) entry.segment = segment
      for (const sighting of placed.sightings) sighting.segment = segment
    }
    this.journal.after(() => {
      committed()
      for (const { queue, entry } of placed.arrivals) queue.arrive(entry)
      const scheduled = placed.scheduled
      if (scheduled.length) for (const entry of scheduled) remembering?.scheduled.arrive(entry)
    })
  }
}
