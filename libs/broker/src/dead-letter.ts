import type { ServiceBusMessage, ServiceBusReceivedMessage } from '@azure/service-bus'
import { replaySubject, type ServiceName } from '@flotilla/contracts/topology'
import { fromServiceBus, textOf } from './service-bus-message.ts'

/** A message that was put aside, and why. */
export interface DeadLetterEntry {
  readonly topic: string
  readonly service: ServiceName
  /** Unique in its subscription's dead-letter queue. */
  readonly sequenceNumber: string
  /** The CloudEvents id, or the messageId where the body has none. */
  readonly id: string
  /** The CloudEvents type, or the subject where the body has none. */
  readonly type: string
  readonly messageId: string
  readonly correlationId: string | undefined
  readonly reason: string
  readonly description: string
  /** How often it was delivered; looking for a neighbour in the dead-letter queue counts too. */
  readonly deliveryCount: number
  /** How often it was replayed before. */
  readonly replays: number
  /** When it came, not when it was put aside. Milliseconds since the epoch. */
  readonly enqueuedAt: number
  readonly traceparent: string | undefined
  readonly body: string
}

const longestId = 128
/** What the broker adds when it puts a message aside. */
const added = new Set(['DeadLetterReason', 'DeadLetterErrorDescription'])

/** What a messageId says of earlier replays. */
function replaysOf(messageId: string, service: ServiceName): { readonly original: string; readonly replays: number } {
  const match = messageId.match(/^(.+)\.([a-z]+)\.r(\d+)$/)
  if (!match?.[1] || match[2] !== service) return { original: messageId, replays: 0 }
  return { original: match[1], replays: Number(match[3]) }
}

export function entryOf(topic: string, service: ServiceName, message: ServiceBusReceivedMessage): DeadLetterEntry {
  const delivery = fromServiceBus(topic, message)
  const { id, type } = attributesOf(delivery.body)
  return {
    topic,
    service,
    sequenceNumber: String(message.sequenceNumber),
    id: id ?? delivery.messageId,
    type: type ?? delivery.subject,
    messageId: delivery.messageId,
    correlationId: delivery.correlationId,
    reason: message.deadLetterReason ?? 'unknown',
    description: message.deadLetterErrorDescription ?? '',
    deliveryCount: message.deliveryCount ?? 0,
    replays: replaysOf(delivery.messageId, service).replays,
    enqueuedAt: delivery.enqueuedAt,
    traceparent: delivery.traceparent,
    body: delivery.body,
  }
}

/**
 * The same message for one subscription only: its other listeners filter the subject out. The messageId is new, because a
 * known one is dropped as a duplicate; it names the service, because another's replay of the same event is no duplicate.
 */
export function replayOf(service: ServiceName, message: ServiceBusReceivedMessage): ServiceBusMessage {
  const { original, replays } = replaysOf(String(message.messageId), service)
  const messageId = `${original}.${service}.r${replays + 1}`
  if (messageId.length > longestId) throw new Error(`the messageId ${messageId} would be longer than ${longestId}`)
  const properties = Object.entries(message.applicationProperties ?? {}).filter(([name]) => !added.has(name))
  return {
    messageId,
    subject: replaySubject(service),
    body: Buffer.from(textOf(message.body)),
    applicationProperties: Object.fromEntries(properties),
    ...(message.correlationId !== undefined && { correlationId: message.correlationId }),
    ...(message.contentType !== undefined && { contentType: message.contentType }),
  }
}

/** The dead-lettered body may be anything: often that is why it is here. */
function attributesOf(body: string): { readonly id?: string | undefined; readonly type?: string | undefined } {
  try {
    const { id, type } = Object(JSON.parse(body)) as { readonly id?: unknown; readonly type?: unknown }
    return { id: typeof id === 'string' ? id : undefined, type: typeof type === 'string' ? type : undefined }
  } catch {
    return {}
  }
}
