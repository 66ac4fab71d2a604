import type { Clock } from './clock.ts'
import type { Entry } from './entry.ts'
import { type Journal, recordKind } from './journal/journal.ts'
import { writtenMessage, writtenTime } from './journal/written.ts'
import { withApplicationProperties } from './message.ts'
import type { MessageQueue } from './queue.ts'
import { Refusal } from './refusal.ts'

type Properties = Readonly<Record<string, unknown>>

export interface DeadLetterCause {
  readonly reason: string | undefined
  readonly description: string | undefined
  readonly properties?: Properties | undefined
}

const nothing = (): void => undefined

/** What can become of a message that was handed out. `done` runs when it is on disk; until then nobody is told. */
export class Settlement {
  readonly #clock: Clock
  readonly #journal: () => Journal

  constructor(clock: Clock, journal: () => Journal) {
    this.#clock = clock
    this.#journal = journal
  }

  complete(queue: MessageQueue, entry: Entry, done: () => void = nothing): void {
    queue.remove(entry)
    this.#journal().append(recordKind.removed, [queue.path, entry.sequence])
    this.#journal().after(done)
  }

  /** Back into the queue, or to the dead letters when it was delivered too often. */
  abandon(queue: MessageQueue, entry: Entry, properties?: Properties, done: () => void = nothing): void {
    const most = queue.settings.maxDeliveryCount
    if (queue.deadLetters && entry.deliveryCount + 1 >= most) {
      const description = `Message could not be consumed after ${most} delivery attempts.`
      this.deadLetter(queue, entry, { reason: 'MaxDeliveryCountExceeded', description, properties }, done)
      return
    }
    queue.unlock(entry)
    entry.deliveryCount += 1
    this.#update(queue, entry, properties)
    this.#journal().after(() => {
      queue.comeBack(entry)
      done()
    })
  }

  /** Back into the queue as if it had not been delivered. */
  release(queue: MessageQueue, entry: Entry, done: () => void): void {
    queue.unlock(entry)
    queue.comeBack(entry)
    done()
  }

  /** Set aside, to be received by its sequence number only. */
  defer(queue: MessageQueue, entry: Entry, properties?: Properties, done: () => void = nothing): void {
    queue.unlock(entry)
    entry.deferred = true
    this.#update(queue, entry, properties)
    this.#journal().after(() => {
      queue.defer(entry)
      done()
    })
  }

  /** @throws Refusal for a message that is a dead letter already */
  deadLetter(queue: MessageQueue, entry: Entry, cause: DeadLetterCause, done: () => void = nothing): void {
    const target = queue.deadLetters
    if (!target)
      throw new Refusal('amqp:not-allowed', 400, `${queue.path} holds dead letters; they cannot be dead-lettered`)
    const properties = {
      ...cause.properties,
      ...(cause.reason === undefined ? {} : { DeadLetterReason: cause.reason }),
      ...(cause.description === undefined ? {} : { DeadLetterErrorDescription: cause.description }),
    }
    const message = withApplicationProperties(entry.message, properties)
    queue.remove(entry)
    const dead = target.place(message, entry.enqueuedAt, Number.POSITIVE_INFINITY, queue.path)
    dead.deliveryCount = entry.deliveryCount
    const { meta, bodies } = writtenMessage(
      message,
      [[target.path, dead.sequence, null, dead.deliveryCount]],
      queue.path,
    )
    const record = { t: entry.enqueuedAt, m: [meta], x: [[queue.path, entry.sequence]] }
    dead.segment = this.#journal().append(recordKind.messages, record, bodies)
    this.#journal().after(() => {
      target.arrive(dead)
      done()
    })
  }

  expire(queue: MessageQueue, entry: Entry): void {
    if (queue.settings.deadLetterExpired) {
      const description = 'The message expired and was dead lettered.'
      this.deadLetter(queue, entry, { reason: 'TTLExpiredException', description })
    } else this.complete(queue, entry)
  }

  /** Whether this lock still holds the message. */
  isHeld(entry: Entry, key: string): boolean {
    return entry.lock?.key === key && entry.lock.until > this.#clock.now()
  }

  #update(queue: MessageQueue, entry: Entry, properties: Properties | undefined): void {
    const deferred = entry.deferred ? 1 : 0
    if (!properties || Object.keys(properties).length === 0) {
      this.#journal().append(recordKind.updated, [queue.path, entry.sequence, entry.deliveryCount, deferred])
      return
    }
    queue.replace(entry, withApplicationProperties(entry.message, properties))
    const { path } = queue
    const time = writtenTime(entry.expiresAt)
    const target = [path, entry.sequence, time, entry.deliveryCount, ...(deferred ? [1 as const] : [])] as const
    const { meta, bodies } = writtenMessage(entry.message, [target as never], entry.deadLetterSource)
    entry.segment = this.#journal().append(recordKind.messages, { t: entry.enqueuedAt, m: [meta] }, bodies)
  }
}
