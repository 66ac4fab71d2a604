import type { ServiceBusMessage, ServiceBusReceivedMessage } from '@azure/service-bus'
import { contentType } from '@flotilla/contracts/envelope'
import type { Message } from '@flotilla/contracts/message'
import type { Delivery } from './broker.ts'

/** The body as the bytes of its JSON, so that receivers in any language see JSON and nothing around it. */
export function toServiceBus(message: Message): ServiceBusMessage {
  const { id, type, correlationId, body, properties, traceparent } = message
  return {
    messageId: id,
    subject: type,
    correlationId,
    contentType,
    body: Buffer.from(body),
    applicationProperties: {
      ...properties,
      // The second name is the one that Azure's own SDKs look for.
      ...(traceparent !== undefined && { traceparent, 'Diagnostic-Id': traceparent }),
    },
  }
}

export function fromServiceBus(topic: string, message: ServiceBusReceivedMessage): Delivery {
  const { messageId, subject, body, correlationId, applicationProperties, deliveryCount, enqueuedTimeUtc } = message
  const traceparent = applicationProperties?.traceparent ?? applicationProperties?.['Diagnostic-Id']
  return {
    topic,
    messageId: String(messageId ?? ''),
    subject: subject ?? '',
    body: textOf(body),
    correlationId: correlationId === undefined ? undefined : String(correlationId),
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    // On the wire it counts the deliveries before this one.
    deliveryCount: (deliveryCount ?? 0) + 1,
    enqueuedAt: enqueuedTimeUtc?.getTime() ?? 0,
  }
}

/** Others may send a body that is no bytes: a string, or a value of AMQP. */
export function textOf(body: unknown): string {
  if (Buffer.isBuffer(body)) return body.toString('utf8')
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8')
  return typeof body === 'string' ? body : (JSON.stringify(body) ?? '')
}
