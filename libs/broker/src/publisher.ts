import type { Message } from '@flotilla/contracts/message'
import type { Clock } from '@flotilla/decider/clock'
import { openPublishSpan, withSendSpan } from '@flotilla/telemetry/messaging'
import { endSpan } from '@flotilla/telemetry/spans'
import { BrokerUnavailable, PublishRefused } from './broker.ts'
import type { Transport } from './transport.ts'

export interface PublisherLimits {
  /** Most messages in one send. */
  readonly messages: number
  /** Most bytes of bodies in one send, unless one message alone has more. */
  readonly bytes: number
  /** Most sends in flight per topic. */
  readonly flights: number
}

// Measured: larger batches and more flights bring nothing.
export const publisherLimits: PublisherLimits = { messages: 100, bytes: 90_000, flights: 4 }

/** One call of `publish`. */
interface Call {
  open: number
  failed: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Entry {
  readonly message: Message
  readonly call: Call
}

/** The messages of one topic on their way: those of one event-loop turn are joined into batches. */
class Line {
  readonly #topic: string
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #limits: PublisherLimits
  #waiting: Entry[] = []
  #flights = 0
  #scheduled = false

  constructor(topic: string, transport: Transport, clock: Clock, limits: PublisherLimits) {
    this.#topic = topic
    this.#transport = transport
    this.#clock = clock
    this.#limits = limits
  }

  add(messages: readonly Message[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const call: Call = { open: messages.length, failed: false, resolve, reject }
      for (const message of messages) this.#waiting.push({ message, call })
      if (this.#scheduled) return
      this.#scheduled = true
      this.#clock.defer(() => {
        this.#scheduled = false
        this.#pump()
      })
    })
  }

  #pump() {
    while (this.#waiting.length > 0 && this.#flights < this.#limits.flights) {
      const batch = this.#take()
      if (batch.length > 0) void this.#fly(batch)
    }
  }

  /** The next batch. What belongs to a call that has failed is left out: its caller says it all again. */
  #take(): Entry[] {
    const batch: Entry[] = []
    let bytes = 0
    let taken = 0
    for (const entry of this.#waiting) {
      if (!entry.call.failed) {
        bytes += Buffer.byteLength(entry.message.body)
        if (batch.length === this.#limits.messages || (batch.length > 0 && bytes > this.#limits.bytes)) break
        batch.push(entry)
      }
      taken += 1
    }
    this.#waiting.splice(0, taken)
    return batch
  }

  async #fly(batch: readonly Entry[]) {
    this.#flights += 1
    try {
      await this.#send(batch.map(({ message }) => message))
      for (const { call } of batch) settle(call)
    } catch (error) {
      this.#failed(batch, error)
    } finally {
      this.#flights -= 1
      this.#pump()
    }
  }

  async #send(messages: readonly Message[]) {
    const topic = this.#topic
    const spans = messages.map(({ id, correlationId, traceparent }) =>
      openPublishSpan({ topic, messageId: id, conversationId: correlationId, traceparent }),
    )
    let failure: unknown
    try {
      const carrying = messages.map((message, index) => ({ ...message, traceparent: spans[index]?.traceparent }))
      await withSendSpan(topic, spans, () => this.#transport.send(topic, carrying))
    } catch (error) {
      failure = error
      throw error
    } finally {
      for (const { span } of spans) endSpan(span, failure)
    }
  }

  #failed(batch: readonly Entry[], error: unknown) {
    const refused =
      error instanceof PublishRefused ? batch.find(({ message }) => message.id === error.messageId) : undefined
    // None of a refused batch was sent: the messages of other calls go out without the refused one.
    for (const { call } of refused ? [refused] : batch) {
      call.failed = true
      call.reject(error)
    }
    if (refused) this.#waiting.unshift(...batch.filter(({ call }) => call !== refused.call))
  }
}

function settle(call: Call) {
  call.open -= 1
  if (call.open === 0) call.resolve()
}

/** Joins what is published in one event-loop turn, and keeps few sends in flight. */
export class Publisher {
  readonly #lines = new Map<string, Line>()
  readonly #open = new Set<Promise<void>>()
  readonly #newLine: (topic: string) => Line
  #closed = false

  constructor(transport: Transport, clock: Clock, limits: Partial<PublisherLimits> = {}) {
    this.#newLine = (topic) => new Line(topic, transport, clock, { ...publisherLimits, ...limits })
  }

  async publish(topic: string, messages: readonly Message[]): Promise<void> {
    if (this.#closed) throw new BrokerUnavailable('the broker was closed by this process')
    const stray = messages.find((message) => message.topic !== topic)
    if (stray) throw new PublishRefused(stray.id, `it belongs to the topic ${stray.topic}, not to ${topic}`)
    if (messages.length === 0) return
    const line = this.#lines.get(topic) ?? this.#newLine(topic)
    this.#lines.set(topic, line)
    const published = line.add(messages)
    this.#open.add(published)
    try {
      await published
    } finally {
      this.#open.delete(published)
    }
  }

  /** Takes nothing more, and resolves when all that was taken is sent or has failed. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#open)
  }
}
