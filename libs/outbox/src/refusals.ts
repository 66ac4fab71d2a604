import type { Clock } from '@flotilla/decider/clock'

/** Which messages the broker refused, and how long each is left alone. */
export interface Refusals {
  /** Notes a refusal; answers how many there were, and for how many milliseconds the message is left alone. */
  note(id: string): { readonly times: number; readonly rest: number }
  resting(id: string): boolean
  clear(id: string): void
}

const first = 30_000
const longest = 15 * 60_000
const remembered = 10_000

export function createRefusals(clock: Clock): Refusals {
  const refused = new Map<string, { times: number; until: number }>()
  return {
    note(id) {
      const times = (refused.get(id)?.times ?? 0) + 1
      const rest = Math.min(longest, first * 2 ** (times - 1))
      refused.delete(id)
      refused.set(id, { times, until: clock.now() + rest })
      for (const oldest of refused.keys().take(Math.max(0, refused.size - remembered))) refused.delete(oldest)
      return { times, rest }
    },
    resting: (id) => clock.now() < (refused.get(id)?.until ?? 0),
    clear: (id) => void refused.delete(id),
  }
}
