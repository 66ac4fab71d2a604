import type { Clock } from '@flotilla/decider/clock'
import { type OutboxRow, Unavailable } from '@flotilla/decider/store'

export interface Delivery {
  readonly id: string
  readonly topic: string
  readonly at: number
  readonly leaseUntil: number
}

class PublishRefused extends Error {
  override readonly name = 'PublishRefused'
  readonly messageId: string

  constructor(messageId: string) {
    super(`${messageId} is too large`)
    this.messageId = messageId
  }
}

/** A broker that can be away, lose answers, refuse messages, take its time or never answer. */
export class Broker {
  readonly delivered: Delivery[] = []
  readonly away = new Set<string>()
  readonly refuses = new Set<string>()
  /** Takes a batch with one of these only to throw an error that says nothing. */
  readonly chokesOn = new Set<string>()
  /** So many sends are taken without an answer. */
  losesAnswers = 0
  latency = 0
  silent = false
  sends: { topic: string; size: number; at: number }[] = []
  inFlight = new Map<string, number>()
  mostInFlight = 0
  readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  publish = async (topic: string, messages: readonly OutboxRow[]): Promise<void> => {
    this.sends.push({ topic, size: messages.length, at: this.clock.now() })
    const inFlight = (this.inFlight.get(topic) ?? 0) + 1
    this.inFlight.set(topic, inFlight)
    this.mostInFlight = Math.max(this.mostInFlight, inFlight)
    try {
      await this.#take(topic, messages)
    } finally {
      this.inFlight.set(topic, (this.inFlight.get(topic) ?? 0) - 1)
    }
  }

  async #take(topic: string, messages: readonly OutboxRow[]) {
    if (this.silent) await new Promise(() => {})
    if (this.latency > 0) await new Promise<void>((resolve) => void this.clock.after(this.latency, resolve))
    if (this.away.has(topic)) throw new Unavailable(`${topic} is away`)
    for (const { id } of messages) {
      if (this.refuses.has(id)) throw new PublishRefused(id)
      if (this.chokesOn.has(id)) throw new Error('something is wrong')
    }
    const at = this.clock.now()
    for (const { id, leaseUntil } of messages) this.delivered.push({ id, topic, at, leaseUntil })
    if (this.losesAnswers > 0) {
      this.losesAnswers -= 1
      throw new Unavailable('the connection broke')
    }
  }

  ids = (): string[] => this.delivered.map(({ id }) => id)
  copies = (id: string): number => this.ids().filter((other) => other === id).length
}
