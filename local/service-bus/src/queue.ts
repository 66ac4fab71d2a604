import { Alarm, type Clock } from './clock.ts'
import type { QueueSettings } from './config.ts'
import type { Entry, Lock } from './entry.ts'
import { Line } from './line.ts'
import { tokenKey } from './lock-token.ts'
import { type Message, sizeOf } from './message.ts'

/** Whoever can take messages: a receiving client's link. */
export interface Consumer {
  /** Whether it can take this one now. */
  hungry(entry: Entry): boolean
  take(entry: Entry): void
}

/** What becomes of messages nobody settled; it is written to the journal, which is not a queue's business. */
export interface Fate {
  expired(queue: MessageQueue, entry: Entry): void
  lockLost(queue: MessageQueue, entry: Entry): void
}

/** Between two looks for expired messages, in milliseconds: a look costs a walk over all of them. */
const expiryPace = 25

/** A queue, a subscription, or the dead letters of one: messages, locks and consumers, all in memory. */
export class MessageQueue {
  readonly path: string
  readonly settings: QueueSettings
  /** undefined for dead letters, which have none of their own. */
  readonly deadLetters: MessageQueue | undefined
  readonly messages = new Map<number, Entry>()
  nextSequence = 1
  bytes = 0
  /** Locked messages, the one that expires first first: every lock of a queue lasts equally long. */
  readonly #locks = new Map<string, Entry>()
  readonly #line = new Line<Entry>((entry) => entry.place === 'ready')
  readonly #consumers: Consumer[] = []
  #turn = 0
  readonly #clock: Clock
  readonly #fate: Fate
  readonly #lockAlarm: Alarm
  readonly #expiryAlarm: Alarm

  constructor(path: string, settings: QueueSettings, clock: Clock, fate: Fate, deadLetters?: MessageQueue) {
    this.path = path
    this.settings = settings
    this.deadLetters = deadLetters
    this.#clock = clock
    this.#fate = fate
    this.#lockAlarm = new Alarm(clock, () => this.#endLocks())
    this.#expiryAlarm = new Alarm(clock, () => this.#expire())
  }

  get locked(): number {
    return this.#locks.size
  }

  /** A place at the end of the queue, held until the message is on disk and arrives. */
  place(message: Message, enqueuedAt: number, expiresAt: number, deadLetterSource?: string): Entry {
    const entry: Entry = {
      ...{ sequence: this.nextSequence++, message, enqueuedAt, expiresAt, deadLetterSource },
      ...{ deliveryCount: 0, deferred: false, place: 'arriving', lock: undefined, segment: 0 },
    }
    this.hold(entry)
    return entry
  }

  /** Keeps the message; it is handed out only once it has arrived. */
  hold(entry: Entry): void {
    this.messages.set(entry.sequence, entry)
    this.bytes += sizeOf(entry.message)
  }

  arrive(entry: Entry): void {
    if (entry.place !== 'arriving') return
    entry.place = 'ready'
    this.#line.arrive(entry)
    this.#expiryAlarm.set(entry.expiresAt)
    this.pump()
  }

  /** Back in the line, at its old place. */
  comeBack(entry: Entry): void {
    if (entry.place === 'gone') return
    if (entry.deferred) {
      this.defer(entry)
      return
    }
    entry.place = 'ready'
    this.#line.comeBack(entry)
    this.#expiryAlarm.set(entry.expiresAt)
    this.pump()
  }

  defer(entry: Entry): void {
    if (entry.place === 'gone') return
    entry.deferred = true
    entry.place = 'deferred'
    this.#expiryAlarm.set(entry.expiresAt)
  }

  remove(entry: Entry): void {
    if (entry.place === 'gone') return
    this.unlock(entry)
    if (entry.place === 'ready') {
      entry.place = 'gone'
      this.#line.leave()
    }
    entry.place = 'gone'
    this.messages.delete(entry.sequence)
    this.bytes -= sizeOf(entry.message)
  }

  /** Other bytes for the same message: a settlement modified its properties. */
  replace(entry: Entry, message: Message): void {
    this.bytes += sizeOf(message) - sizeOf(entry.message)
    entry.message = message
  }

  lock(entry: Entry, token: Buffer, over: () => void): Lock {
    const lock = { key: tokenKey(token), until: this.#clock.now() + this.settings.lockDuration, over }
    entry.place = 'locked'
    entry.lock = lock
    this.#locks.set(lock.key, entry)
    this.#lockAlarm.set(lock.until)
    return lock
  }

  /** The message a lock token holds; undefined if the lock is over. */
  lockedBy(token: Buffer): Entry | undefined {
    return this.#locks.get(tokenKey(token))
  }

  /** @returns until when, in milliseconds since 1970 */
  renew(entry: Entry): number {
    const lock = entry.lock
    if (!lock) throw new Error(`message ${entry.sequence} of ${this.path} is not locked`)
    lock.until = this.#clock.now() + this.settings.lockDuration
    this.#locks.delete(lock.key)
    this.#locks.set(lock.key, entry)
    return lock.until
  }

  unlock(entry: Entry): void {
    if (!entry.lock) return
    this.#locks.delete(entry.lock.key)
    entry.lock.over()
    entry.lock = undefined
    entry.place = 'arriving'
  }

  attach(consumer: Consumer): void {
    this.#consumers.push(consumer)
    this.pump()
  }

  detach(consumer: Consumer): void {
    const at = this.#consumers.indexOf(consumer)
    if (at >= 0) this.#consumers.splice(at, 1)
  }

  /** Hands out what waits to whoever can take it, consumers in turn. */
  pump(): void {
    for (;;) {
      const entry = this.#line.first()
      if (!entry) return
      if (entry.expiresAt <= this.#clock.now()) {
        this.#fate.expired(this, entry)
        continue
      }
      const consumer = this.#nextHungry(entry)
      if (!consumer) return
      this.#line.shift()
      entry.place = 'arriving'
      consumer.take(entry)
    }
  }

  close(): void {
    this.#lockAlarm.stop()
    this.#expiryAlarm.stop()
  }

  #nextHungry(entry: Entry): Consumer | undefined {
    for (let tries = this.#consumers.length; tries > 0; tries -= 1) {
      this.#turn = (this.#turn + 1) % this.#consumers.length
      const consumer = this.#consumers[this.#turn]
      if (consumer?.hungry(entry)) return consumer
    }
    return undefined
  }

  #endLocks(): void {
    const now = this.#clock.now()
    for (const entry of this.#locks.values()) {
      const until = entry.lock?.until ?? now
      if (until > now) {
        this.#lockAlarm.set(until)
        return
      }
      this.#fate.lockLost(this, entry)
    }
  }

  #expire(): void {
    const now = this.#clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const entry of this.messages.values()) {
      if (entry.place !== 'ready' && entry.place !== 'deferred') continue
      if (entry.expiresAt <= now) this.#fate.expired(this, entry)
      else next = Math.min(next, entry.expiresAt)
    }
    this.#expiryAlarm.set(Math.max(next, now + expiryPace))
  }
}
