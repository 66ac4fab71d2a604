import { z } from 'zod'
import { badRequest, Refusal } from './refusal.ts'

const fault = z.strictObject({
  status: z.union([z.literal(408), z.literal(410), z.literal(429), z.literal(449), z.literal(500), z.literal(503)]),
  /** How many item operations; 0 ends it. */
  count: z.number().int().min(0).max(1_000_000),
  retryAfterMs: z.number().int().min(0).max(60_000).default(10),
})

export type Fault = z.input<typeof fault>

/** Trouble that tests ask for: what the real service answers under load, and this one never by itself. */
export class Faults {
  #current: z.infer<typeof fault> = { status: 429, count: 0, retryAfterMs: 0 }

  /** Throws a Refusal that names what is wrong. */
  set(input: unknown): void {
    const result = fault.safeParse(input)
    if (!result.success)
      throw badRequest(
        result.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; '),
      )
    this.#current = result.data
  }

  show(): z.infer<typeof fault> {
    return this.#current
  }

  /** Called before each operation on an item, and before each query. */
  strike(): void {
    const { status, count, retryAfterMs } = this.#current
    if (count === 0) return
    this.#current = { ...this.#current, count: count - 1 }
    throw new Refusal(status, messages[status] ?? 'Set by POST /flotilla/faults.', {
      substatus: status === 429 ? 3200 : 0,
      retryAfter: status === 429 || status === 449 ? retryAfterMs : undefined,
    })
  }
}

const messages: Record<number, string> = {
  429: 'The request rate is too large. Please retry after sometime.',
  449: 'Conflicting request to resource has been attempted. Retry to avoid conflicts.',
}
