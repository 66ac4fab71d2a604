import type { Clock } from './clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Time that passes only when a test says so; chance comes from a seed. */
export class ManualClock implements Clock {
  #now: number
  #order = 0
  #seed: number
  #timers: Timer[] = []
  #deferred: (() => void)[] = []

  constructor(now = 1_000_000, seed = 42) {
    this.#now = now
    this.#seed = seed
  }

  now = () => this.#now

  after = (milliseconds: number, run: () => void) => {
    const timer = { at: this.#now + Math.max(0, milliseconds), order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  defer = (run: () => void) => void this.#deferred.push(run)

  /** mulberry32 */
  random = () => {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** Runs everything that is ready now. */
  async settle() {
    do {
      for (const run of this.#deferred.splice(0)) run()
      // All microtasks have run when the event loop comes here.
      await new Promise((resolve) => setImmediate(resolve))
    } while (this.#deferred.length > 0)
  }

  /** Lets time pass, timer by timer. */
  async pass(milliseconds: number) {
    const end = this.#now + milliseconds
    for (;;) {
      await this.settle()
      const next = this.#timers
        .filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)
        .at(0)
      if (!next) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#now = next.at
      next.run()
    }
    this.#now = end
    await this.settle()
  }
}
