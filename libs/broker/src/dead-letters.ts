import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus'
import { type ServiceName, subscriptionsOf } from '@flotilla/contracts/topology'
import { type DeadLetterEntry, entryOf, replayOf } from './dead-letter.ts'
import { connect, type ServiceBusConnection } from './service-bus.ts'

/** Which of them: all, or those of an event or message id, or of a reason; both when both are given. */
export interface Selection {
  readonly id?: string | undefined
  readonly reason?: string | undefined
}

export interface Treated {
  readonly done: readonly DeadLetterEntry[]
  /** They are still in the dead-letter queue. */
  readonly failed: readonly { readonly entry: DeadLetterEntry; readonly error: Error }[]
}

/** What was put aside of a service's subscriptions. */
export interface DeadLetters {
  /** Oldest first. Takes nothing and locks nothing. */
  list(selection?: Selection): Promise<readonly DeadLetterEntry[]>
  /** Sends each again to its own subscription, then removes it. An event that was applied before changes nothing. */
  replay(selection: Selection): Promise<Treated>
  /** Removes each for good. */
  drop(selection: Selection): Promise<Treated>
}

type Treat = (client: ServiceBusClient, topic: string, message: ServiceBusReceivedMessage) => Promise<void>

const pageSize = 250
const takenAtOnce = 100
/** How long an empty dead-letter queue is listened to, in milliseconds. */
const patience = 2_000

/** Each call connects for itself and hangs up. Throws what the SDK throws when the broker is away or refuses. */
export function createDeadLetters(connection: ServiceBusConnection, service: ServiceName): DeadLetters {
  const topics = subscriptionsOf(service).map(({ topic }) => topic)

  async function connected<T>(use: (client: ServiceBusClient) => Promise<T>): Promise<T> {
    const client = await connect(connection, {
      retryOptions: { retryDelayInMs: 250, maxRetries: 1, timeoutInMs: 10_000 },
    })
    try {
      return await use(client)
    } finally {
      await client.close()
    }
  }

  const list = (selection: Selection = {}) =>
    connected(async (client) => {
      const found: DeadLetterEntry[] = []
      for (const topic of topics) {
        for await (const message of peek(openQueue(client, topic, service))) {
          const entry = entryOf(topic, service, message)
          if (isSelected(entry, selection)) found.push(entry)
        }
      }
      return found.sort((one, other) => one.enqueuedAt - other.enqueuedAt)
    })

  async function treat(selection: Selection, how: Treat): Promise<Treated> {
    const wanted = await list(selection)
    return connected(async (client) => {
      const done: DeadLetterEntry[] = []
      const failed: { entry: DeadLetterEntry; error: Error }[] = []
      for (const [topic, entries] of Map.groupBy(wanted, ({ topic }) => topic)) {
        const queue = openQueue(client, topic, service)
        const left = await take(queue, entries, async (message, entry) => {
          try {
            await how(client, topic, message)
            await queue.completeMessage(message)
            done.push(entry)
          } catch (error) {
            failed.push({ entry, error: error instanceof Error ? error : new Error(String(error)) })
          }
        })
        for (const entry of left) failed.push({ entry, error: new Error('it is gone, or locked by someone else') })
      }
      return { done, failed }
    })
  }

  return {
    list,
    replay: (selection) =>
      treat(selection, async (client, topic, message) => {
        const sender = client.createSender(topic)
        await sender.sendMessages(replayOf(service, message))
      }),
    drop: (selection) => treat(selection, async () => {}),
  }
}

const openQueue = (client: ServiceBusClient, topic: string, service: ServiceName): ServiceBusReceiver =>
  client.createReceiver(topic, service, { subQueueType: 'deadLetter', skipParsingBodyAsJson: true })

const isSelected = (entry: DeadLetterEntry, { id, reason }: Selection): boolean =>
  (id === undefined || entry.id === id || entry.messageId === id) && (reason === undefined || entry.reason === reason)

/** From the first: a peek goes on where the last one of its connection ended. */
async function* peek(queue: ServiceBusReceiver): AsyncIterable<ServiceBusReceivedMessage> {
  for (;;) {
    const page = await queue.peekMessages(pageSize)
    if (page.length === 0) return
    yield* page
  }
}

/** A queue gives its messages in its own order: those that are not wanted are held until the end, and given back. */
async function take(
  queue: ServiceBusReceiver,
  entries: readonly DeadLetterEntry[],
  treat: (message: ServiceBusReceivedMessage, entry: DeadLetterEntry) => Promise<void>,
): Promise<readonly DeadLetterEntry[]> {
  const wanted = new Map(entries.map((entry) => [entry.sequenceNumber, entry]))
  const others: ServiceBusReceivedMessage[] = []
  try {
    while (wanted.size > 0) {
      // The SDK waits a second for what it was asked for and did not get: often those that are wanted come first.
      const most = others.length === 0 ? Math.min(takenAtOnce, wanted.size) : takenAtOnce
      const messages = await queue.receiveMessages(most, { maxWaitTimeInMs: patience })
      if (messages.length === 0) break
      const treated = messages.map((message) => {
        const entry = wanted.get(String(message.sequenceNumber))
        if (!entry) return void others.push(message)
        wanted.delete(entry.sequenceNumber)
        return treat(message, entry)
      })
      await Promise.all(treated)
    }
  } finally {
    // One whose lock ran out meanwhile is back already.
    await Promise.allSettled(others.map((message) => queue.abandonMessage(message)))
  }
  return [...wanted.values()]
}
