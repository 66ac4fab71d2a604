import { randomFillSync } from 'node:crypto'

const width = 16
let pool = Buffer.alloc(0)
let used = 0

/** A random token of 16 bytes; random bytes are drawn for many tokens at once, which is much cheaper. */
export function newLockToken(): Buffer {
  if (used === pool.length) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(width * 512))
    used = 0
  }
  const token = pool.subarray(used, used + width)
  used += width
  return token
}

/** The delivery tag holds the token as .NET lays out a GUID; in `$management` the client names it as a plain UUID. */
const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const

export const reordered = (token: Buffer): Buffer => Buffer.from(order.map((at) => token[at] as number))

export const tokenKey = (token: Buffer): string => token.toString('latin1')
