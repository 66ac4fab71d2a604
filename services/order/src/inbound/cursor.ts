import { Problem } from '@flotilla/host/problem'
import { z } from 'zod'

const Position = z.tuple([z.int().nonnegative(), z.uuid()])

/** Where a page ended. `createdAt` in milliseconds since the epoch. */
export interface OrderPosition {
  readonly createdAt: number
  readonly orderId: string
}

/** Where a page ended, as text that clients only hand back. */
export const encodeCursor = ({ placedAt, orderId }: { placedAt: number; orderId: string }): string =>
  Buffer.from(JSON.stringify([placedAt, orderId])).toString('base64url')

/** 400 when it is not a cursor that a page gave. */
export function decodeCursor(cursor: string | undefined): OrderPosition | undefined {
  if (cursor === undefined) return undefined
  const position = Position.safeParse(parse(Buffer.from(cursor, 'base64url').toString()))
  if (position.success) return { createdAt: position.data[0], orderId: position.data[1] }
  const detail = 'must be the next of a page before: leave it out to begin at the newest order'
  throw new Problem('validation-failed', { status: 400, detail, errors: [{ query: 'cursor', detail }] })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
