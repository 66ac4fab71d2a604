import { BrokerUnavailable, type SubscriptionName } from '@flotilla/broker/broker'
import type { Received, Receiver, ReceiverHandlers, Transport } from '@flotilla/broker/transport'
import type { Message } from '@flotilla/contracts/message'
import { subscriptions } from '@flotilla/contracts/topology'
import type { QueueRecord } from '@flotilla/verify/records'
import type { Life, Step } from './life.ts'
import { patiently } from './patience.ts'
import { type Lock, Queue, spared, type Taker } from './queue.ts'
import type { World } from './world.ts'

/** As the service's own client has it, in milliseconds. */
const sendTimeout = 8_000
/** PT5M, in milliseconds. */
const duplicateWindow = 300_000

/** Service Bus as its clients see it: topics, rules, peek-lock, duplicate detection, dead letters; and what goes wrong with it. */
export class SimulatedBroker {
  readonly queues: readonly Queue[]
  readonly #world: World
  readonly #byTopic: ReadonlyMap<string, readonly Queue[]>
  /** When each message id was taken, by topic and id. */
  readonly #known = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
    const made = subscriptions.map((subscription) => ({
      topic: subscription.topic,
      queue: new Queue(world, subscription),
    }))
    this.queues = made.map(({ queue }) => queue)
    this.#byTopic = new Map(
      [...Map.groupBy(made, ({ topic }) => topic)].map(([topic, found]) => [topic, found.map(({ queue }) => queue)]),
    )
  }

  /** The broker as one process has it. Its locks and links end with it. */
  connect(life: Life): Transport {
    const { chaos } = this.#world
    const takers = new Map<Taker, Queue>()
    life.onDeath(() => {
      // A connection that breaks may take a while to be noticed.
      const locks = chaos.draw() < 0.5 ? 'released' : 'kept'
      for (const [taker, queue] of takers) queue.close(taker, locks)
    })
    return {
      send: (topic, messages) =>
        patiently(life, { lasts: sendTimeout, failure: () => failure(true) }, () =>
          step('send', () => this.#take(topic, messages), toldOf(messages)),
        ),
      receive: (subscription, concurrency, handlers) => {
        const queue = this.#queueOf(subscription)
        return this.#receive(life, queue, { concurrency, handlers }, takers)
      },
      close: async () => {},
    }
  }

  /** Messages wait for whoever listens: the broker is back. */
  resume(): void {
    for (const queue of this.queues) queue.dispatch()
  }

  /** It is away for longer than locks last. */
  lapse(): void {
    for (const queue of this.queues) queue.lapse()
  }

  records(): QueueRecord[] {
    return this.queues.map(({ name, active, deadLetters }) => ({
      entity: name,
      active,
      deadLetter: deadLetters.length,
    }))
  }

  #receive(
    life: Life,
    queue: Queue,
    { concurrency, handlers }: { concurrency: number; handlers: ReceiverHandlers },
    takers: Map<Taker, Queue>,
  ): Receiver {
    const taker: Taker = {
      life,
      concurrency,
      inHand: 0,
      stopped: false,
      take: (lock, delivery) => {
        const done = () => {
          taker.inHand -= 1
          queue.dispatch()
        }
        void handlers.message({ delivery, ...settling(life, queue, lock) }).then(done)
      },
    }
    const { chaos } = this.#world
    takers.set(taker, queue)
    queue.open(taker)
    return {
      async stop() {
        taker.stopped = true
      },
      async close() {
        takers.delete(taker)
        queue.close(taker, chaos.draw() < 0.5 ? 'released' : 'kept')
      },
    }
  }

  #take(topic: string, messages: readonly Message[]): void {
    const { time, tally, tell } = this.#world
    for (const message of messages) {
      const key = `${topic} ${message.id}`
      const takenAt = this.#known.get(key)
      if (takenAt !== undefined && time.now - takenAt < duplicateWindow) {
        tally.add('broker: duplicates dropped')
        continue
      }
      this.#known.set(key, time.now)
      tell('broker', () => `takes ${message.type} ${message.id}`)
      for (const queue of this.#byTopic.get(topic) ?? []) if (queue.hears(message)) queue.add(message)
    }
  }

  #queueOf({ topic, service }: SubscriptionName): Queue {
    const found = this.queues.find(({ name }) => name === `${topic}/${service}`)
    if (!found) throw new Error(`there is no subscription ${topic}/${service}`)
    return found
  }
}

function settling(life: Life, queue: Queue, lock: Lock): Omit<Received, 'delivery'> {
  const settle = async (what: string, run: () => void) => {
    let settled = false
    const once = () => {
      run()
      settled = true
    }
    try {
      await life.call({ ...step(what, once), spared: lock.entry.deliveryCount >= spared })
    } finally {
      // The SDK renews no lock of a message that was to be settled.
      if (!settled) queue.expire(lock)
    }
  }
  return {
    complete: () => settle('complete', () => queue.complete(lock)),
    abandon: () => settle('abandon', () => queue.abandon(lock)),
    deadLetter: (reason, description) => settle('dead-letter', () => queue.deadLetter(lock, reason, description)),
  }
}

const failure = (sent: boolean) => new BrokerUnavailable(sent ? 'the broker did not answer' : 'the broker is away')

const step = (what: string, run: () => void, tell?: () => string): Step<void> => ({
  to: 'broker',
  what,
  run,
  failure,
  ...(tell && { tell }),
})

const toldOf = (messages: readonly Message[]) => () => messages.map(({ id }) => id).join(', ')
