import { hash } from 'node:crypto'

const window = 60_000

/** Subscribers told apart at once; beyond it the one seen first is forgotten. */
const mostSubscribers = 100_000

/** Counts requests per token in windows of a minute. Tokens are kept as hashes only. */
export class RateLimit {
  readonly limit: number
  readonly #now: () => number
  readonly #counts = new Map<string, number>()
  #windowEnd = 0

  /** `now` is in milliseconds. */
  constructor(limit: number, now: () => number) {
    this.limit = limit
    this.#now = now
  }

  /** Seconds to wait when the subscriber has used the minute up, or undefined. */
  take(token: string): number | undefined {
    const now = this.#now()
    if (now >= this.#windowEnd) {
      this.#counts.clear()
      this.#windowEnd = now + window
    }
    const subscriber = hash('sha256', token, 'base64')
    const count = (this.#counts.get(subscriber) ?? 0) + 1
    if (count > this.limit) return Math.max(1, Math.ceil((this.#windowEnd - now) / 1000))
    this.#counts.set(subscriber, count)
    if (this.#counts.size > mostSubscribers) this.#counts.delete(this.#counts.keys().next().value as string)
    return undefined
  }
}
