import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { apiError } from './refusals.ts'

export const fault = z.strictObject({
  /** `down` breaks connections, `error` answers 500 before anything happened, `slow` waits first, `none` ends it. */
  mode: z.enum(['none', 'down', 'error', 'slow']),
  /** How many requests it holds for; without it, until the next fault is set. */
  count: z.number().int().min(1).optional(),
  seconds: z.number().min(0).max(600).default(3),
})

export type Fault = z.infer<typeof fault>

/** The trouble tests ask for. It holds for Stripe's API only, and not over a restart. */
export class Faults {
  #current: Fault = { mode: 'none', seconds: 0 }

  set(next: Fault): void {
    this.#current = { ...next }
  }

  current(): Fault {
    return this.#current
  }

  /** Resolves `false` when the connection is to be broken. Throws a StripeRefusal when a 500 is due. */
  async pass(closing: AbortSignal): Promise<boolean> {
    const { mode, seconds } = this.#take()
    if (mode === 'slow') await sleep(seconds * 1000, undefined, { signal: closing })
    if (mode === 'error')
      throw apiError('An error occurred while processing your request (a fault set by POST /flotilla/faults).')
    return mode !== 'down'
  }

  #take(): Fault {
    const now = this.#current
    if (now.count !== undefined) {
      this.#current = now.count > 1 ? { ...now, count: now.count - 1 } : { mode: 'none', seconds: 0 }
    }
    return now
  }
}
