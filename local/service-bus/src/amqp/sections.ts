/** Where the sections of an encoded AMQP 1.0 message lie (part 3.2 of the specification), without decoding them. */

export const sectionCode = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const

export interface Section {
  readonly code: number
  /** Of the descriptor. */
  readonly start: number
  /** Of the value's type code. */
  readonly value: number
  readonly end: number
}

/** What was sent is no AMQP message. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage'
}

/** The offset behind the value whose type code is at `at`. */
function endOf(buffer: Buffer, at: number): number {
  const type = buffer[at]
  if (type === undefined) throw new MalformedMessage('the message ends in the middle of a value')
  if (type === 0x00) return endOf(buffer, endOf(buffer, at + 1))
  switch (type >>> 4) {
    case 0x4:
      return at + 1
    case 0x5:
      return at + 2
    case 0x6:
      return at + 3
    case 0x7:
      return at + 5
    case 0x8:
      return at + 9
    case 0x9:
      return at + 17
    case 0xa:
    case 0xc:
    case 0xe:
      return at + 2 + (buffer[at + 1] ?? Number.NaN)
    case 0xb:
    case 0xd:
    case 0xf:
      return at + 5 <= buffer.length ? at + 5 + buffer.readUInt32BE(at + 1) : Number.NaN
    default:
      throw new MalformedMessage(`0x${type.toString(16)} is no AMQP type`)
  }
}

/** The descriptor of a section is a ulong: small (0x53) or full (0x80). */
function descriptor(buffer: Buffer, at: number): { code: number; value: number } {
  if (buffer[at] === 0x00 && buffer[at + 1] === 0x53) return { code: buffer[at + 2] ?? -1, value: at + 3 }
  if (buffer[at] === 0x00 && buffer[at + 1] === 0x80 && at + 10 <= buffer.length) {
    return { code: Number(buffer.readBigUInt64BE(at + 2)), value: at + 10 }
  }
  throw new MalformedMessage('a message section starts with a numeric descriptor')
}

/**
 * All sections in the order they were sent.
 * @throws MalformedMessage
 */
export function sectionsOf(buffer: Buffer): Section[] {
  const sections: Section[] = []
  for (let at = 0; at < buffer.length; ) {
    const { code, value } = descriptor(buffer, at)
    if (code < sectionCode.header || code > sectionCode.footer) {
      throw new MalformedMessage(`0x${code.toString(16)} is no message section`)
    }
    if (sections.length && code < (sections.at(-1)?.code ?? 0)) throw new MalformedMessage('sections are out of order')
    const end = endOf(buffer, value)
    if (!(end <= buffer.length)) throw new MalformedMessage('the message is cut off')
    sections.push({ code, start: at, value, end })
    at = end
  }
  return sections
}

/** The pairs inside an encoded map: how many elements (twice the pairs), and their bytes. */
export function mapItems(buffer: Buffer, section: Section): { count: number; items: Buffer } {
  const type = buffer[section.value]
  if (type === 0xc1) {
    return { count: buffer[section.value + 2] ?? 0, items: buffer.subarray(section.value + 3, section.end) }
  }
  if (type === 0xd1) {
    return { count: buffer.readUInt32BE(section.value + 5), items: buffer.subarray(section.value + 9, section.end) }
  }
  throw new MalformedMessage('a map was expected')
}
