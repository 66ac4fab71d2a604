import type { Entry } from '../entry.ts'
import type { Message } from '../message.ts'

/** What the broker says of a message when it hands it out, beside what its sender said. */
export interface Envelope {
  readonly message: Message
  readonly deliveryCount: number
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly enqueuedAt: number
  readonly lockedUntil?: number | undefined
  /** 0 or undefined active, 1 deferred, 2 scheduled. */
  readonly state?: number | undefined
  /** Of a dead letter: where it died. */
  readonly deadLetterSource?: string | undefined
}

export const envelopeOf = (entry: Entry, lockedUntil?: number): Envelope => ({
  message: entry.message,
  deliveryCount: entry.deliveryCount,
  sequence: entry.sequence,
  enqueuedAt: entry.enqueuedAt,
  deadLetterSource: entry.deadLetterSource,
  lockedUntil,
  state: entry.deferred ? 1 : undefined,
})

const symbol = (text: string): Buffer => Buffer.concat([Buffer.from([0xa3, text.length]), Buffer.from(text, 'ascii')])
const keys = {
  sequence: symbol('x-opt-sequence-number'),
  enqueueSequence: symbol('x-opt-enqueue-sequence-number'),
  enqueuedTime: symbol('x-opt-enqueued-time'),
  lockedUntil: symbol('x-opt-locked-until'),
  state: symbol('x-opt-message-state'),
  source: symbol('x-opt-deadletter-source'),
}
const typeCode = { uint: 0x70, int: 0x71, long: 0x81, timestamp: 0x83, string: 0xb1, null: 0x40 }

/** Sections are written by hand: this is the hottest path of the broker, and their shape is fixed. */
class Bytes {
  readonly buffer = Buffer.allocUnsafe(512)
  at = 0

  byte(value: number): void {
    this.buffer[this.at++] = value
  }

  uint(value: number): void {
    this.at = this.buffer.writeUInt32BE(value, this.at)
  }

  long(type: number, value: number): void {
    this.byte(type)
    this.uint(Math.floor(value / 2 ** 32))
    this.uint(value % 2 ** 32)
  }

  copy(bytes: Buffer): void {
    bytes.copy(this.buffer, this.at)
    this.at += bytes.length
  }
}

const scratch = new Bytes()

function writeHeader(bytes: Bytes, ttl: number | undefined, deliveryCount: number): void {
  bytes.copy(headerStart[ttl === undefined ? 0 : 1])
  if (ttl !== undefined) {
    bytes.byte(typeCode.uint)
    bytes.uint(ttl)
  } else bytes.byte(typeCode.null)
  bytes.byte(typeCode.null)
  // Written even when it is 0: clients read it as a number.
  bytes.byte(typeCode.uint)
  bytes.uint(deliveryCount)
}

/** Descriptor, list8 with its size, five fields, durable and priority unset. */
const headerStart: readonly [Buffer, Buffer] = [
  Buffer.from([0x00, 0x53, 0x70, 0xc0, 10, 5, 0x40, 0x40]),
  Buffer.from([0x00, 0x53, 0x70, 0xc0, 14, 5, 0x40, 0x40]),
]

/** Header and message annotations of one delivery; the sender's own annotations and the bare message follow it. */
export function encodeHead(envelope: Envelope): Buffer {
  const { message, deadLetterSource, lockedUntil, state } = envelope
  const bytes = scratch
  bytes.at = 0
  writeHeader(bytes, message.ttl, envelope.deliveryCount)
  bytes.byte(0x00)
  bytes.byte(0x53)
  bytes.byte(0x72)
  bytes.byte(0xd1)
  const sizeAt = bytes.at
  bytes.at += 8
  let pairs = 3
  bytes.copy(keys.sequence)
  bytes.long(typeCode.long, envelope.sequence)
  bytes.copy(keys.enqueueSequence)
  bytes.long(typeCode.long, envelope.sequence)
  bytes.copy(keys.enqueuedTime)
  bytes.long(typeCode.timestamp, envelope.enqueuedAt)
  if (lockedUntil !== undefined) {
    pairs += 1
    bytes.copy(keys.lockedUntil)
    bytes.long(typeCode.timestamp, lockedUntil)
  }
  if (state !== undefined) {
    pairs += 1
    bytes.copy(keys.state)
    bytes.byte(typeCode.int)
    bytes.uint(state)
  }
  const source = deadLetterSource === undefined ? undefined : Buffer.from(deadLetterSource)
  if (source) {
    pairs += 1
    bytes.copy(keys.source)
    bytes.byte(typeCode.string)
    bytes.uint(source.length)
  }
  const size = bytes.at - sizeAt - 4 + (source?.length ?? 0) + message.annotations.length
  bytes.buffer.writeUInt32BE(size, sizeAt)
  bytes.buffer.writeUInt32BE(pairs * 2 + message.annotationCount, sizeAt + 4)
  const written = bytes.buffer.subarray(0, bytes.at)
  return source || message.annotationCount
    ? Buffer.concat([written, source ?? Buffer.alloc(0), message.annotations])
    : Buffer.from(written)
}

/** The whole message as one buffer, as `peek` and `receive by sequence number` return it. */
export const encodeMessage = (envelope: Envelope): Buffer =>
  Buffer.concat([encodeHead(envelope), envelope.message.bare])
