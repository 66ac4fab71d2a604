import { randomUUID } from 'node:crypto'
import { codec, type Typed, types } from './amqp/rhea.ts'
import { MalformedMessage, mapItems, type Section, sectionCode, sectionsOf } from './amqp/sections.ts'
import type { Correlated } from './rule.ts'

/**
 * A message as it is kept: the bytes that belong to its sender as they came, so that nothing is decoded and encoded again
 * on its way through.
 */
export interface Message {
  readonly messageId: string
  /** Milliseconds, from the sender's header. */
  readonly ttl: number | undefined
  /** Properties, application properties, body, footer. */
  readonly bare: Buffer
  /** The sender's message annotations: encoded keys and values, and how many of them. */
  readonly annotations: Buffer
  readonly annotationCount: number
}

/** A message as it was sent, and what was read on the way in. */
export interface Incoming {
  readonly message: Message
  readonly correlated: Correlated
  /** Milliseconds since 1970, if the sender asked for it to be scheduled. */
  readonly scheduledFor: number | undefined
}

export const scheduledEnqueueTime = 'x-opt-scheduled-enqueue-time'

/** Set by the broker on every delivery; whatever a sender puts there is dropped. */
const brokerAnnotations: ReadonlySet<unknown> = new Set([
  'x-opt-sequence-number',
  'x-opt-enqueued-time',
  'x-opt-locked-until',
  'x-opt-enqueue-sequence-number',
  'x-opt-message-state',
  'x-opt-deadletter-source',
])

const nothing = Buffer.alloc(0)

const read = (buffer: Buffer, section: Section): Typed =>
  new types.Reader(buffer.subarray(section.value, section.end)).read()

/** An id may be text, a number, a UUID or binary; as text they are compared. */
function asText(value: Typed | undefined): string | undefined {
  const id = value?.value
  if (id === undefined || id === null) return undefined
  return Buffer.isBuffer(id) ? id.toString('hex') : String(id)
}

/** What filters look at, from the properties section (part 3.2.4: the order of the fields). */
export function correlatedOf(bare: Buffer): Correlated {
  const section = sectionsOf(bare).find(({ code }) => code === sectionCode.properties)
  return section ? correlatedIn(bare, section) : {}
}

function correlatedIn(buffer: Buffer, section: Section): Correlated {
  const fields = read(buffer, section).value
  if (!Array.isArray(fields)) throw new MalformedMessage('properties are a list')
  return {
    messageId: asText(fields[0]),
    to: asText(fields[2]),
    label: asText(fields[3]),
    replyTo: asText(fields[4]),
    correlationId: asText(fields[5]),
    contentType: asText(fields[6]),
    sessionId: asText(fields[10]),
    replyToSessionId: asText(fields[12]),
  }
}

export function applicationPropertiesOf(bare: Buffer): Record<string, unknown> {
  return codec.decode(bare).application_properties ?? {}
}

function encode(...values: Typed[]): Buffer {
  const writer = new types.Writer()
  for (const value of values) writer.write(value)
  return Buffer.from(writer.toBuffer())
}

function elementsOf(items: Buffer): Typed[] {
  const reader = new types.Reader(items)
  const elements: Typed[] = []
  while (reader.remaining() > 0) elements.push(reader.read())
  return elements
}

const sectionOf = (code: number, value: Typed): Buffer => encode(types.described(types.wrap_ulong(code), value))

/** A message without an id could not be settled by the client, so the broker gives it one. */
function withMessageId(bare: Buffer, messageId: string): Buffer {
  const section = sectionsOf(bare).find(({ code }) => code === sectionCode.properties)
  const fields = section ? [...(read(bare, section).value as Typed[])] : []
  fields[0] = types.wrap_string(messageId)
  const properties = sectionOf(sectionCode.properties, types.wrap_list(fields))
  return Buffer.concat([properties, section ? bare.subarray(section.end) : bare])
}

function annotationsIn(data: Buffer, section: Section | undefined) {
  if (!section) return { annotations: nothing, annotationCount: 0, scheduledFor: undefined }
  const { count, items } = mapItems(data, section)
  if (count === 0) return { annotations: nothing, annotationCount: 0, scheduledFor: undefined }
  const elements = elementsOf(items)
  const kept: Typed[] = []
  let scheduledFor: number | undefined
  for (let at = 0; at + 1 < elements.length; at += 2) {
    const [key, value] = [elements[at], elements[at + 1]] as [Typed, Typed]
    if (key.value === scheduledEnqueueTime && value.value instanceof Date) scheduledFor = value.value.getTime()
    if (!brokerAnnotations.has(key.value)) kept.push(key, value)
  }
  const annotations = kept.length === elements.length ? Buffer.from(items) : encode(...kept)
  return { annotations, annotationCount: kept.length, scheduledFor }
}

function ttlIn(data: Buffer, section: Section | undefined): number | undefined {
  if (!section) return undefined
  const fields = read(data, section).value
  const ttl = Array.isArray(fields) ? (fields[2] as Typed | undefined)?.value : undefined
  return typeof ttl === 'number' ? ttl : undefined
}

/**
 * Reads what was sent, and copies what is kept of it, so that it does not hold on to the socket's buffer.
 * @throws MalformedMessage
 */
export function parseMessage(data: Buffer): Incoming {
  const sections = sectionsOf(data)
  const find = (code: number) => sections.find((section) => section.code === code)
  const bareAt = sections.find(({ code }) => code >= sectionCode.properties)?.start
  if (bareAt === undefined) throw new MalformedMessage('the message has no body')
  const properties = find(sectionCode.properties)
  let correlated = properties ? correlatedIn(data, properties) : {}
  let bare: Buffer
  if (correlated.messageId === undefined) {
    correlated = { ...correlated, messageId: randomUUID() }
    bare = withMessageId(data.subarray(bareAt), correlated.messageId as string)
  } else {
    bare = Buffer.from(data.subarray(bareAt))
  }
  const { annotations, annotationCount, scheduledFor } = annotationsIn(data, find(sectionCode.messageAnnotations))
  const ttl = ttlIn(data, find(sectionCode.header))
  const messageId = correlated.messageId as string
  return { message: { messageId, ttl, bare, annotations, annotationCount }, correlated, scheduledFor }
}

/** The messages inside a batch (message format 0x80013700): one data section each. */
export function splitBatch(data: Buffer): Buffer[] {
  return sectionsOf(data)
    .filter(({ code }) => code === sectionCode.data)
    .map((section) => data.subarray(section.value + (data[section.value] === 0xb0 ? 5 : 2), section.end))
}

/** The same message with these application properties set: why it was dead-lettered, or what a settlement modified. */
export function withApplicationProperties(message: Message, properties: Readonly<Record<string, unknown>>): Message {
  const sections = sectionsOf(message.bare)
  const existing = sections.find(({ code }) => code === sectionCode.applicationProperties)
  const elements = existing ? elementsOf(mapItems(message.bare, existing).items) : []
  const kept = elements.filter((_, at) => !Object.hasOwn(properties, String(elements[at - (at % 2)]?.value)))
  for (const [key, value] of Object.entries(properties)) kept.push(types.wrap_string(key), types.wrap(value))
  const before = sections.filter(({ code }) => code < sectionCode.applicationProperties).at(-1)?.end ?? 0
  const after = existing?.end ?? before
  const section = sectionOf(sectionCode.applicationProperties, types.Map32(kept))
  const bare = Buffer.concat([message.bare.subarray(0, before), section, message.bare.subarray(after)])
  return { ...message, bare }
}

/** What a message counts for in quotas and in the journal's housekeeping. */
export const sizeOf = (message: Message): number => message.bare.length + message.annotations.length
