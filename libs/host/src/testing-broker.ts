import {
  type Broker,
  BrokerUnavailable,
  type Delivery,
  type Listener,
  type Subscription,
} from '@flotilla/broker/broker'
import { faultOf } from '@flotilla/broker/fault'
import { type Envelope, open, seal } from '@flotilla/contracts/envelope'
import type { EventType, PublicEvent } from '@flotilla/contracts/events'
import type { Message } from '@flotilla/contracts/message'
import { type Rule, subscriptions } from '@flotilla/contracts/topology'

/** What became of one delivery to one service. */
export type Verdict =
  | { readonly kind: 'done' }
  | { readonly kind: 'dead-letter'; readonly reason: string; readonly description: string }
  /** What the service depends on was away; the message would come again. */
  | { readonly kind: 'dependency' }
  /** The message itself failed; it would come again. */
  | { readonly kind: 'message'; readonly error: unknown }

/**
 * For tests: a broker in this process that keeps what was published, and delivers only what a test says, when it says so.
 * It can be away, lose its answers, and deliver twice or in any order.
 */
export class TestBroker implements Broker {
  /** All that it took, in order. */
  readonly taken: Message[] = []
  readonly deadLetters: {
    readonly service: string
    readonly id: string
    readonly reason: string
    readonly description: string
  }[] = []
  /** Refuses every publish as `BrokerUnavailable`. */
  away = false
  /** So many publishes are taken, and answered by an error all the same. */
  losesAnswers = 0
  /** Called with what is being published, before it is taken. */
  onPublish: ((messages: readonly Message[]) => void) | undefined
  readonly #listeners = new Map<string, Listener>()
  readonly #waiting = new Set<() => void>()

  async publish(topic: string, messages: readonly Message[]): Promise<void> {
    this.onPublish?.(messages)
    if (this.away) throw new BrokerUnavailable(`the topic ${topic} is away`)
    this.taken.push(...messages)
    for (const check of [...this.#waiting]) check()
    if (this.losesAnswers === 0) return
    this.losesAnswers -= 1
    throw new BrokerUnavailable('the connection broke')
  }

  async subscribe({ topic, service }: { topic: string; service: string }, listener: Listener): Promise<Subscription> {
    const name = `${topic}/${service}`
    this.#listeners.set(name, listener)
    const close = async () => {
      if (this.#listeners.get(name) === listener) this.#listeners.delete(name)
    }
    return { close, pause: close, resume: () => void this.#listeners.set(name, listener) }
  }

  async close(): Promise<void> {
    this.#listeners.clear()
  }

  /** Delivers a message to each service that hears it, now. Rejects when nobody does: a test that tests nothing. */
  async deliver(message: Message): Promise<Verdict> {
    const heard = subscriptions.filter(({ topic, service, rules }) => {
      return topic === message.topic && this.#listeners.has(`${topic}/${service}`) && rules.some(matches(message))
    })
    if (heard.length === 0) throw new Error(`nobody who hears ${message.type} listens`)
    const verdicts: Verdict[] = []
    for (const { topic, service } of heard) {
      const verdict = await this.#hand(message, this.#listeners.get(`${topic}/${service}`) as Listener)
      if (verdict.kind === 'dead-letter') this.deadLetters.push({ service, id: message.id, ...verdict })
      verdicts.push(verdict)
    }
    return verdicts.find(({ kind }) => kind !== 'done') ?? { kind: 'done' }
  }

  /** Delivers an event that a peer says. The id of an event is that of its aggregate unless given. */
  say(event: PublicEvent, now: number, id?: string): Promise<Verdict> {
    return this.deliver(message(event, now, id))
  }

  /** The events that were published, of one type, as a peer reads them: each once, however often it was sent. */
  said<T extends EventType>(type: T): readonly Extract<Envelope, { type: T }>[] {
    const found = new Map(this.taken.filter((each) => each.type === type).map(({ id, body }) => [id, open(body)]))
    return [...found.values()] as Extract<Envelope, { type: T }>[]
  }

  /** Resolves when so many events of a type were published. */
  whenSaid(type: EventType, count = 1): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.said(type).length < count) return
        this.#waiting.delete(check)
        resolve()
      }
      this.#waiting.add(check)
      check()
    })
  }

  async #hand(message: Message, listener: Listener): Promise<Verdict> {
    const { topic, id: messageId, type: subject, body, correlationId, traceparent } = message
    const delivery: Delivery = {
      ...{ topic, messageId, subject, body, correlationId, traceparent },
      deliveryCount: 1,
      enqueuedAt: 0,
    }
    try {
      await listener(delivery)
      return { kind: 'done' }
    } catch (error) {
      const fault = faultOf(error)
      if (fault.kind === 'hopeless') return { ...fault, kind: 'dead-letter' }
      return fault.kind === 'message' ? { kind: 'message', error } : { kind: 'dependency' }
    }
  }
}

const matches =
  ({ type, properties = {} }: Message) =>
  (rule: Rule): boolean =>
    rule.subject === type && Object.entries(rule.properties ?? {}).every(([name, value]) => properties[name] === value)

/** An event as a peer would publish it. `now` in milliseconds since the epoch. */
export function message(event: PublicEvent, now: number, id?: string): Message {
  const about = 'orderId' in event.data ? event.data.orderId : `${event.data.sku}.${event.data.version}`
  return seal(id ?? `peer:${about}.${event.type}`, event, now)
}

/** The same in every order that a seed gives, with some of them twice: what a broker may do to messages. */
export function shuffled<T>(things: readonly T[], random: () => number): T[] {
  const all = [...things, ...things.filter(() => random() < 0.5)]
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1))
    const moved = all[index] as T
    all[index] = all[other] as T
    all[other] = moved
  }
  return all
}
