import { z } from 'zod'
import { events, isEventType, type PublicEvent } from './events.ts'
import type { Message } from './message.ts'
import { propertiesOf, speakerOf, topicOf } from './topology.ts'

/** CloudEvents 1.0 in structured JSON: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */

export const contentType = 'application/cloudevents+json'

const Attributes = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(128),
  source: z.string().min(1),
  type: z.string().min(1),
  time: z.iso.datetime(),
  data: z.unknown(),
})

/** An event as it was said. */
export type Envelope = PublicEvent & {
  readonly id: string
  readonly source: string
  /** RFC 3339. */
  readonly time: string
}

/** What cannot be read is dead-lettered at once: trying again would not help. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  readonly reason: 'NotJson' | 'NotACloudEvent' | 'UnknownType' | 'BadData'
  constructor(reason: Unreadable['reason'], description: string) {
    super(description)
    this.reason = reason
  }
}

const correlationOf = (event: PublicEvent): string => ('orderId' in event.data ? event.data.orderId : event.data.sku)

/** Puts an event into its envelope. `now` in milliseconds since the epoch. */
export function seal(id: string, event: PublicEvent, now: number, traceparent?: string): Message {
  const speaker = speakerOf(event.type)
  const body = {
    specversion: '1.0',
    id,
    source: `/flotilla/${speaker}`,
    type: event.type,
    subject: correlationOf(event),
    time: new Date(now).toISOString(),
    datacontenttype: 'application/json',
    data: event.data,
  }
  return {
    id,
    topic: topicOf[speaker],
    type: event.type,
    correlationId: body.subject,
    body: JSON.stringify(body),
    properties: propertiesOf(event),
    traceparent,
  }
}

/** Reads an envelope; unknown fields are ignored, so that a newer speaker can say more. Throws `Unreadable`. */
export function open(body: string): Envelope {
  const attributes = Attributes.safeParse(parseJson(body))
  if (!attributes.success) throw new Unreadable('NotACloudEvent', z.prettifyError(attributes.error))
  const { id, source, type, time, data } = attributes.data
  if (!isEventType(type)) throw new Unreadable('UnknownType', `nothing is known of the event type ${type}`)
  const parsed = events[type].safeParse(data)
  if (!parsed.success) throw new Unreadable('BadData', `${type}: ${z.prettifyError(parsed.error)}`)
  return { id, source, time, type, data: parsed.data } as Envelope
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new Unreadable('NotJson', error instanceof Error ? error.message : String(error))
  }
}
