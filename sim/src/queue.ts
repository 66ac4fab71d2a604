import type { Delivery } from '@flotilla/broker/broker'
import type { Message } from '@flotilla/contracts/message'
import { replaySubject, type Subscription, settings } from '@flotilla/contracts/topology'
import type { Life } from './life.ts'
import type { World } from './world.ts'

/** A message at rest in a subscription. */
interface Entry {
  readonly message: Message
  readonly messageId: string
  readonly subject: string
  readonly enqueuedAt: number
  deliveryCount: number
}

export interface Lock {
  readonly entry: Entry
  readonly taker: Taker
}

/** A link of a process to a subscription. */
export interface Taker {
  readonly life: Life
  readonly concurrency: number
  readonly take: (lock: Lock, delivery: Delivery) => void
  inHand: number
  stopped: boolean
}

const day = 86_400_000
/** From this delivery on a message is spared: ten in vain would make it a dead letter, by nobody's fault but ours. */
export const spared = 5
/** PT1M, in milliseconds. */
export const lockDuration = 60_000

/** A subscription with its locks and its dead letters, as Service Bus keeps them. */
export class Queue {
  readonly name: string
  readonly deadLetters: { readonly message: Message; readonly reason: string; readonly description: string }[] = []
  readonly #subscription: Subscription
  readonly #world: World
  readonly #waiting: Entry[] = []
  readonly #takers: Taker[] = []
  readonly #held = new Set<Lock>()
  #replays = 0
  /** Messages that are held, late, or put aside for now. */
  #elsewhere = 0

  constructor(world: World, subscription: Subscription) {
    this.#world = world
    this.#subscription = subscription
    this.name = `${subscription.topic}/${subscription.service}`
  }

  /** Messages that are not settled. */
  get active(): number {
    return this.#waiting.length + this.#elsewhere
  }

  hears({ type, properties }: Message): boolean {
    return this.#subscription.rules.some((rule) => {
      const wanted = Object.entries(rule.properties ?? {})
      return rule.subject === type && wanted.every(([name, value]) => properties?.[name] === value)
    })
  }

  /** A message that was sent to the topic. */
  add(message: Message): void {
    const { chaos } = this.#world
    if (chaos.strikes('aside', this.name)) this.#replayLater(message, 'is put aside as a dead letter')
    else this.#enqueue(message, this.#delay())
  }

  open(taker: Taker): void {
    this.#takers.push(taker)
    this.dispatch()
  }

  close(taker: Taker, locks: 'released' | 'kept'): void {
    taker.stopped = true
    const index = this.#takers.indexOf(taker)
    if (index >= 0) this.#takers.splice(index, 1)
    for (const lock of [...this.#held]) {
      if (lock.taker !== taker) continue
      if (locks === 'released') this.#release(lock)
      else this.expire(lock)
    }
  }

  /** The message is done. Throws when its lock is gone. */
  complete(lock: Lock): void {
    this.#leave(lock)
    const { message } = lock.entry
    const { chaos } = this.#world
    if (lock.entry.deliveryCount < spared && chaos.strikes('duplicate', this.name))
      this.#again(lock.entry, chaos.draw() < 0.5 ? 10 : 300_000 * chaos.draw())
    if (chaos.strikes('replay', this.name)) this.#replayLater(message, 'is to be replayed a day later')
  }

  abandon(lock: Lock): void {
    this.#leave(lock)
    this.#again(lock.entry, 0)
  }

  deadLetter(lock: Lock, reason: string, description: string): void {
    this.#leave(lock)
    this.#putAside(lock.entry.message, reason, description)
  }

  /** Nobody renews the lock any more. */
  expire(lock: Lock): void {
    const { time } = this.#world
    time.at(time.now + lockDuration, () => this.#release(lock))
  }

  /** No lock could be renewed for longer than it lasts. */
  lapse(): void {
    for (const lock of [...this.#held]) this.#release(lock)
  }

  dispatch(): void {
    while (this.#waiting.length > 0 && !this.#world.isAway('broker')) {
      const able = this.#takers.filter(
        ({ stopped, inHand, concurrency, life }) => life.alive && !stopped && inHand < concurrency,
      )
      if (able.length === 0) return
      const taker = able[Math.floor(this.#world.latency.next() * able.length)] as Taker
      this.#deliver(this.#waiting.shift() as Entry, taker)
    }
  }

  #deliver(entry: Entry, taker: Taker) {
    const { chaos, time, tell } = this.#world
    entry.deliveryCount += 1
    const lock: Lock = { entry, taker }
    this.#held.add(lock)
    this.#elsewhere += 1
    taker.inHand += 1
    const { messageId, subject, enqueuedAt, deliveryCount, message } = entry
    tell(taker.life.name, () => `receives ${messageId}${deliveryCount > 1 ? `, delivery ${deliveryCount}` : ''}`)
    if (deliveryCount < spared && chaos.strikes('lock', this.name)) {
      time.at(time.now + chaos.draw() * 50, () => {
        if (this.#held.has(lock)) tell('broker', () => `the lock of ${messageId} is lost`)
        this.#release(lock)
      })
    }
    const { correlationId, body, traceparent, topic } = message
    taker.take(lock, { topic, messageId, subject, body, correlationId, traceparent, deliveryCount, enqueuedAt })
  }

  #leave(lock: Lock) {
    if (!this.#held.delete(lock)) throw new LockLost(lock.entry.messageId)
    this.#elsewhere -= 1
  }

  #release(lock: Lock) {
    if (!this.#held.has(lock)) return
    this.#leave(lock)
    this.#again(lock.entry, 0)
  }

  #again(entry: Entry, after: number) {
    if (entry.deliveryCount >= settings.maxDeliveryCount) {
      return this.#putAside(entry.message, 'MaxDeliveryCountExceeded', `after ${entry.deliveryCount} deliveries`)
    }
    this.#late(after, () => this.#waiting.push(entry))
  }

  #enqueue(message: Message, after: number, messageId = message.id, subject: string = message.type) {
    const enqueuedAt = Math.floor(this.#world.time.now)
    const entry = { message, messageId, subject, enqueuedAt, deliveryCount: 0 }
    this.#late(after, () => this.#waiting.push(entry))
  }

  #late(after: number, run: () => void) {
    const { time } = this.#world
    this.#elsewhere += 1
    time.at(time.now + after, () => {
      this.#elsewhere -= 1
      run()
      this.dispatch()
    })
  }

  /** As an operator does who has looked into it. */
  #replayLater(message: Message, why: string) {
    const { service } = this.#subscription
    this.#world.tell('broker', () => `${message.id} for ${service} ${why}`)
    this.#enqueue(
      message,
      day * (0.9 + this.#world.chaos.draw() / 5),
      `${message.id}.${service}.r${++this.#replays}`,
      replaySubject(service),
    )
  }

  #putAside(message: Message, reason: string, description: string) {
    this.#world.tell('broker', () => `${message.id} in ${this.name} is a dead letter: ${reason}: ${description}`)
    this.deadLetters.push({ message, reason, description })
  }

  #delay(): number {
    const { chaos, latency } = this.#world
    return chaos.strikes('delay', this.name) ? 1000 * latency.skewed(0.1, 120) : latency.skewed(0.2, 15)
  }
}

/** As the SDK says it. */
class LockLost extends Error {
  readonly code = 'MessageLockLost'

  constructor(messageId: string) {
    super(
      `The lock supplied is invalid. Either the lock expired, or the message has already been removed: ${messageId}`,
    )
  }
}
