import { z } from 'zod'

export const fault = z.strictObject({
  /**
   * `down` breaks connections, `refuse` answers 550 and `busy` 451 to recipients, `slow` keeps the mail and answers late,
   * `break-after` keeps the mail and breaks the connection before it answers, `none` ends it.
   */
  mode: z.enum(['none', 'down', 'refuse', 'busy', 'slow', 'break-after']),
  /** How many mails it holds for (and, for `down`, connections); without it, until the next fault is set. */
  count: z.number().int().min(1).optional(),
  seconds: z.number().min(0).max(600).default(3),
})

export type Fault = z.infer<typeof fault>

const none: Fault = { mode: 'none', seconds: 0 }

/** How often a `busy-...@` recipient is put off before it is accepted. */
const putOffs = 2

/** The trouble tests ask for. It does not hold over a restart. */
export class Faults {
  #current = none
  readonly #busy = new Map<string, number>()

  set(next: Fault): void {
    this.#current = { ...next }
  }

  current(): Fault {
    return this.#current
  }

  /** The fault that the mail or connection beginning now meets. */
  take(): Fault {
    const now = this.#current
    if (now.count !== undefined) this.#current = now.count > 1 ? { ...now, count: now.count - 1 } : none
    return now
  }

  /** Whether this recipient is put off once more. */
  isBusy(address: string): boolean {
    if (!/^busy-/i.test(address)) return false
    const times = this.#busy.get(address) ?? 0
    if (times >= putOffs) return false
    this.#busy.set(address, times + 1)
    return true
  }
}
