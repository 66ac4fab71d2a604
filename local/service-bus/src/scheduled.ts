import { Alarm, type Clock } from './clock.ts'
import { type Message, sizeOf } from './message.ts'

export interface ScheduledEntry {
  readonly sequence: number
  readonly message: Message
  readonly enqueuedAt: number
  /** Milliseconds since 1970. */
  readonly dueAt: number
  /** Of the journal, where it was written last. */
  segment: number
  /** On disk, and not under way already. */
  waiting: boolean
}

/** Messages of one queue or topic that are not due yet; a topic's are filtered only when they are. */
export class Scheduled {
  readonly path: string
  readonly entries = new Map<number, ScheduledEntry>()
  nextSequence = 1
  bytes = 0
  readonly #clock: Clock
  readonly #due: (entries: readonly ScheduledEntry[]) => void
  readonly #alarm: Alarm

  constructor(path: string, clock: Clock, due: (entries: readonly ScheduledEntry[]) => void) {
    this.path = path
    this.#clock = clock
    this.#due = due
    this.#alarm = new Alarm(clock, () => this.#ring())
  }

  hold(entry: ScheduledEntry): void {
    this.entries.set(entry.sequence, entry)
    this.bytes += sizeOf(entry.message)
  }

  arrive(entry: ScheduledEntry): void {
    entry.waiting = true
    this.#alarm.set(entry.dueAt)
  }

  remove(entry: ScheduledEntry): void {
    if (this.entries.delete(entry.sequence)) this.bytes -= sizeOf(entry.message)
  }

  close(): void {
    this.#alarm.stop()
  }

  #ring(): void {
    const now = this.#clock.now()
    const due: ScheduledEntry[] = []
    let next = Number.POSITIVE_INFINITY
    for (const entry of this.entries.values()) {
      if (!entry.waiting) continue
      if (entry.dueAt <= now) due.push(entry)
      else next = Math.min(next, entry.dueAt)
    }
    this.#alarm.set(next)
    due.sort((one, other) => one.dueAt - other.dueAt || one.sequence - other.sequence)
    if (due.length) this.#due(due)
  }
}
