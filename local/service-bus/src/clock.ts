/** Time as the broker sees it; tests pass their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs once after that many milliseconds, and returns how to call it off. */
  after(milliseconds: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  },
}

/** The longest delay a Node timer takes; anything above it would fire at once. */
const longestDelay = 2 ** 31 - 1

/** Rings once at the earliest time it was set to; setting it to a later time changes nothing. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #at = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  set(at: number): void {
    if (at >= this.#at) return
    this.#cancel?.()
    this.#at = at
    this.#arm()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = Number.POSITIVE_INFINITY
  }

  #arm(): void {
    const delay = Math.min(longestDelay, Math.max(0, this.#at - this.#clock.now()))
    this.#cancel = this.#clock.after(delay, () => {
      if (this.#clock.now() < this.#at) return this.#arm()
      this.#at = Number.POSITIVE_INFINITY
      this.#cancel = undefined
      this.#ring()
    })
  }
}
