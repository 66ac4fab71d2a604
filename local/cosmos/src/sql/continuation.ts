import { z } from 'zod'
import type { Json } from '../engine/json.ts'
import { badRequest } from '../engine/refusal.ts'

const continuation = z.strictObject({
  /** The document that was looked at last. */
  n: z.number(),
  /** What it was sorted by; a value that was not there is left out of its array. */
  keys: z.array(z.array(z.json()).max(1)),
  /** Results still to skip, and still to return. */
  skip: z.number(),
  left: z.number().nullable(),
})

/** Where the next page begins. */
export interface Continuation {
  readonly n: number
  readonly keys: readonly (readonly Json[])[]
  readonly skip: number
  readonly left: number | null
}

export function writeContinuation(token: Continuation): string {
  return Buffer.from(JSON.stringify(token)).toString('base64')
}

/** Throws a Refusal for what was not given out here. */
export function readContinuation(text: string | undefined): Continuation | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return continuation.parse(JSON.parse(Buffer.from(text, 'base64').toString())) as Continuation
  } catch {
    throw badRequest(`The continuation token '${text.slice(0, 100)}' is malformed.`)
  }
}
