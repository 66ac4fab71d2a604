import { type Attributes, type Span, SpanKind } from '@opentelemetry/api'
import { measured } from './measured.ts'
import { messagesConsumed, messagesSent, messagingDuration, processDuration } from './metrics.ts'
import { type OpenSpan, openSpan, withBatchSpan, withSpan } from './spans.ts'

// Attribute names of the messaging conventions, which are not stable yet and therefore copied, as they ask their users to:
// https://opentelemetry.io/docs/specs/semconv/messaging/azure-messaging/
const SYSTEM = { 'messaging.system': 'servicebus' } as const

/** A message about to be published. */
export type OutgoingMessage = {
  readonly topic: string
  readonly messageId: string
  /** The order id: Service Bus's correlationId. */
  readonly conversationId?: string | undefined
  /** The `traceparent` that was stored with the event. */
  readonly traceparent: string | undefined
}

/**
 * The span `publish <topic>` of one message, a child of the span that stored the event. Put its `traceparent` on the
 * message, pass it to `withSendSpan`, and end it with `endSpan` when the broker has it or has refused it.
 */
export function openPublishSpan({ topic, messageId, conversationId, traceparent }: OutgoingMessage): OpenSpan {
  return openSpan(`publish ${topic}`, {
    kind: SpanKind.PRODUCER,
    parent: traceparent ?? null,
    attributes: {
      ...SYSTEM,
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'create',
      'messaging.destination.name': topic,
      'messaging.message.id': messageId,
      ...(conversationId !== undefined && { 'messaging.message.conversation_id': conversationId }),
    },
  })
}

/** The span `send <topic>` of one call of the broker with a batch of messages, each with its own publish span. */
export function withSendSpan<T>(
  topic: string,
  messages: readonly OpenSpan[],
  send: (span: Span) => Promise<T>,
): Promise<T> {
  const attributes: Attributes = {
    ...SYSTEM,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': topic,
    'messaging.batch.message_count': messages.length,
  }
  const dimensions = { ...SYSTEM, 'messaging.operation.name': 'send', 'messaging.destination.name': topic }
  return measured(messagingDuration, dimensions, async () => {
    const sent = await withBatchSpan(`send ${topic}`, { kind: SpanKind.CLIENT, attributes }, messages, send)
    messagesSent.add(messages.length, { ...SYSTEM, 'messaging.destination.name': topic })
    return sent
  })
}

/** A message that was delivered. */
export type IncomingMessage = {
  readonly topic: string
  readonly subscription: string
  readonly messageId: string
  readonly conversationId?: string | undefined
  /** The message's own `traceparent`, from its envelope or application properties. */
  readonly traceparent: string | undefined
  /** 1 for the first delivery. */
  readonly deliveryCount?: number | undefined
}

/** The span `process <topic>/<subscription>` of handling one message, in the trace of the message. */
export function withProcessSpan<T>(message: IncomingMessage, handle: (span: Span) => Promise<T>): Promise<T> {
  const { topic, subscription, messageId, conversationId, traceparent, deliveryCount } = message
  const dimensions = {
    ...SYSTEM,
    'messaging.operation.name': 'process',
    'messaging.destination.name': topic,
    'messaging.destination.subscription.name': subscription,
  }
  messagesConsumed.add(1, dimensions)
  const attributes: Attributes = {
    ...dimensions,
    'messaging.operation.type': 'process',
    'messaging.message.id': messageId,
    ...(conversationId !== undefined && { 'messaging.message.conversation_id': conversationId }),
    ...(deliveryCount !== undefined && { 'messaging.servicebus.message.delivery_count': deliveryCount }),
  }
  const settings = { kind: SpanKind.CONSUMER, attributes, parent: traceparent ?? null }
  return measured(processDuration, dimensions, () => withSpan(`process ${topic}/${subscription}`, settings, handle))
}
