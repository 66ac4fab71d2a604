import type { Message } from '@flotilla/contracts/message'
import { settings } from '@flotilla/contracts/topology'
import type { SubscriptionName } from '../src/broker.ts'
import { type Received, type Receiver, type ReceiverHandlers, renewedFor, type Transport } from '../src/transport.ts'

/** A message of the fake, and all that was done with it. */
export interface Letter {
  readonly id: string
  deliveries: number
  state: 'waiting' | 'in hand' | 'completed' | 'dead'
  reason?: string
  description?: string
}

interface Open {
  readonly concurrency: number
  readonly handlers: ReceiverHandlers
  credit: number
  /** Messages arrive only while it takes. */
  takes: boolean
  silent: boolean
  closed: boolean
}

/** A broker in memory: one queue, peek-lock, a delivery count that never ends by itself, and receivers that can fall silent. */
export class FakeTransport implements Transport {
  readonly letters: Letter[] = []
  readonly receivers: Open[] = []
  readonly sends: (readonly Message[])[] = []
  /** The answer to a send; by default it is taken. */
  answer: (messages: readonly Message[]) => Promise<void> = async () => {}
  failsToSettle = false
  /** Until then a receiver that was told to stop still takes: a drain is answered over the wire. */
  drained: Promise<void> = Promise.resolve()
  closed = false
  mostInFlight = 0
  #inFlight = 0

  async send(_topic: string, messages: readonly Message[]) {
    this.sends.push(messages)
    this.#inFlight += 1
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight)
    try {
      await this.answer(messages)
    } finally {
      this.#inFlight -= 1
    }
  }

  receive(_subscription: SubscriptionName, concurrency: number, handlers: ReceiverHandlers): Receiver {
    const open: Open = { concurrency, handlers, credit: concurrency, takes: true, silent: false, closed: false }
    this.receivers.push(open)
    queueMicrotask(() => this.#deliver())
    return {
      stop: async () => {
        await this.drained
        open.takes = false
      },
      close: async () => {
        open.takes = false
        open.closed = true
      },
    }
  }

  async close() {
    this.closed = true
  }

  /** Receivers that take messages now. */
  taking = () => this.receivers.filter(({ takes }) => takes)

  add(...ids: string[]) {
    this.letters.push(...ids.map((id): Letter => ({ id, deliveries: 0, state: 'waiting' })))
    this.#deliver()
  }

  /**
   * What Service Bus does to messages whose lock is renewed no longer, once it has run out: they are delivered again, or
   * are dead. `takenAt` remembers by id and delivery since when each is in hand, in milliseconds.
   */
  lapse(takenAt: Map<string, number>, now: number) {
    for (const letter of this.letters.filter(({ state }) => state === 'in hand')) {
      const delivery = `${letter.id}#${letter.deliveries}`
      const since = takenAt.get(delivery) ?? now
      takenAt.set(delivery, since)
      if (now - since > renewedFor) letter.state = letter.deliveries < settings.maxDeliveryCount ? 'waiting' : 'dead'
    }
    this.#deliver()
  }

  letter(id: string): Letter {
    const found = this.letters.find((letter) => letter.id === id)
    if (!found) throw new Error(`no letter ${id}`)
    return found
  }

  #deliver() {
    for (const open of this.receivers) {
      while (open.takes && !open.silent && open.credit > 0) {
        const letter = this.letters.find(({ state }) => state === 'waiting')
        if (!letter) return
        letter.state = 'in hand'
        letter.deliveries += 1
        open.credit -= 1
        void open.handlers.message(this.#received(letter)).then(() => {
          open.credit += 1
          this.#deliver()
        })
      }
    }
  }

  #received(letter: Letter): Received {
    const settle = async (state: Letter['state'], more: Partial<Letter> = {}) => {
      if (this.failsToSettle) throw new Error('the lock is lost')
      if (letter.state !== 'in hand') throw new Error(`${letter.id} was settled before`)
      Object.assign(letter, { state, ...more })
      queueMicrotask(() => this.#deliver())
    }
    return {
      delivery: {
        topic: 'orders',
        messageId: letter.id,
        subject: 'order.placed.v1',
        body: '{}',
        deliveryCount: letter.deliveries,
        enqueuedAt: 0,
      },
      complete: () => settle('completed'),
      abandon: () => settle('waiting'),
      deadLetter: (reason, description) => settle('dead', { reason, description }),
    }
  }
}

export const message = (id: string, bytes = 10): Message => ({
  id,
  topic: 'orders',
  type: 'order.placed.v1',
  correlationId: 'order-1',
  body: JSON.stringify({ id, text: 'x'.repeat(bytes) }),
})
