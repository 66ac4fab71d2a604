import type { Broker } from '../broker.ts'
import { type Incoming, parseMessage, splitBatch } from '../message.ts'
import type { Inlet } from '../namespace.ts'
import { notImplemented, Refusal, tooLarge } from '../refusal.ts'
import type { AmqpError, ReceiverLink } from './rhea.ts'
import { MalformedMessage } from './sections.ts'
import type { Exchange, Inbound } from './session.ts'

const batchFormat = 0x80013700
/** How many messages a client may have on their way to the disk. */
const credit = 1000

/** What the sender is told about its own mistake; anything else is the broker's, and no answer hides it. */
export function errorFor(error: unknown): AmqpError {
  if (error instanceof Refusal) return { condition: error.condition, description: error.message }
  if (error instanceof MalformedMessage) return { condition: 'amqp:decode-error', description: error.message }
  throw error
}

export function readIncoming({ data, format }: Pick<Inbound, 'data' | 'format'>, maxMessageSize: number): Incoming[] {
  if (data.length > maxMessageSize) throw tooLarge(data.length, maxMessageSize)
  if (format === 0) return [parseMessage(data)]
  if (format === batchFormat) return splitBatch(data).map(parseMessage)
  throw notImplemented(`message format 0x${format.toString(16)} is`)
}

/** A client's link that sends to a queue or topic. */
export function serveSendingClient(
  broker: Broker,
  inlet: Inlet,
  exchange: Exchange,
  link: ReceiverLink,
  maxMessageSize: number,
): void {
  let unanswered = 0
  const supply = () => {
    const missing = credit - link.credit - unanswered
    if (missing >= credit / 4) link.add_credit(missing)
  }
  exchange.receive(link, (inbound) => {
    unanswered += 1
    const answered = () => {
      unanswered -= 1
      supply()
    }
    try {
      if (inbound.state) throw notImplemented('transactions are')
      broker.publish(inlet, readIncoming(inbound, maxMessageSize), () => {
        inbound.accept()
        answered()
      })
    } catch (error) {
      inbound.reject(errorFor(error))
      answered()
    }
  })
  supply()
}
