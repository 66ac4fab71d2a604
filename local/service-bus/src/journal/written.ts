import type { Message } from '../message.ts'
import type { MessageMeta, Target } from './journal.ts'
import { DamagedJournal } from './segment.ts'

/** How a message is written: what precedes its bytes, and the bytes. */
export function writtenMessage(
  message: Message,
  to: readonly Target[],
  source?: string,
): { meta: MessageMeta; bodies: Buffer[] } {
  const annotated = message.annotationCount > 0
  return {
    meta: {
      id: message.messageId,
      ttl: message.ttl,
      a: annotated ? [message.annotationCount, message.annotations.length] : undefined,
      b: message.bare.length,
      s: source,
      to,
    } as MessageMeta,
    bodies: annotated ? [message.annotations, message.bare] : [message.bare],
  }
}

const nothing = Buffer.alloc(0)

/** The message that was written at this place of a record's body, copied out of it; and where the next one starts. */
export function readMessage(meta: MessageMeta, body: Buffer, at: number): { message: Message; end: number } {
  const [annotationCount, annotationsLength] = meta.a ?? [0, 0]
  const bareAt = at + annotationsLength
  const end = bareAt + meta.b
  if (end > body.length) throw new DamagedJournal(`a record about message ${meta.id} is shorter than it says`)
  const message = {
    messageId: meta.id,
    ttl: meta.ttl,
    annotationCount,
    annotations: annotationCount ? Buffer.from(body.subarray(at, bareAt)) : nothing,
    bare: Buffer.from(body.subarray(bareAt, end)),
  }
  return { message, end }
}

/** JSON has no Infinity. */
export const writtenTime = (time: number): number | null => (time === Number.POSITIVE_INFINITY ? null : time)
export const readTime = (time: number | null): number => time ?? Number.POSITIVE_INFINITY
