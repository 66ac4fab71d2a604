import type { Clock } from '@flotilla/decider/clock'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** For tests: time that passes only when a test says so. Turns of the event loop are real; chance comes from a seed. */
export class TestClock implements Clock {
  #now: number
  #order = 0
  #seed: number
  #timers: Timer[] = []
  #deferred = 0

  /** Milliseconds since the epoch. */
  constructor(now = Date.UTC(2026, 0, 1), seed = 42) {
    this.#now = now
    this.#seed = seed
  }

  now = (): number => Math.floor(this.#now)

  after = (milliseconds: number, run: () => void): (() => void) => {
    const timer = { at: this.#now + Math.max(0, milliseconds), order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  defer = (run: () => void): void => {
    this.#deferred += 1
    setImmediate(() => {
      this.#deferred -= 1
      run()
    })
  }

  /** mulberry32 */
  random = (): number => {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** Resolves when all that is ready has run, and what that made ready: promises, turns of the event loop, no timers. */
  async settle(): Promise<void> {
    // Nothing waits in two turns in a row: the first may only have resolved what the second runs.
    for (let quiet = 0; quiet < 2; ) {
      await new Promise((resolve) => setImmediate(resolve))
      quiet = this.#deferred === 0 ? quiet + 1 : 0
    }
  }

  /** Lets time pass, timer by timer, each with all that it brings about. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await this.settle()
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await this.settle()
    }
    this.#now = end
  }

  /** Time jumps, as for a machine that slept: what came due meanwhile comes now, once. */
  async leap(milliseconds: number): Promise<void> {
    await this.settle()
    this.#now += milliseconds
    await this.pass(0)
  }

  /** Lets time pass until something holds. Throws when it does not within so many milliseconds of this clock. */
  async passUntil(holds: () => boolean, atMost = 60_000): Promise<void> {
    const end = this.#now + atMost
    await this.settle()
    while (!holds()) {
      const next = this.#next(end)
      if (!next) throw new Error(`it did not come about within ${atMost} ms: ${holds}`)
      this.#now = next.at
      next.run()
      await this.settle()
    }
  }

  /** Lets time pass by itself, so many times as fast as real time, for what talks to something real. Stops when called. */
  flow(speed: number): () => void {
    let last = performance.now()
    let flows = true
    const step = async () => {
      const now = performance.now()
      await this.pass((now - last) * speed)
      last = now
      if (flows) setTimeout(() => void step(), 5)
    }
    void step()
    return () => {
      flows = false
    }
  }

  /** Time of a process that can be killed: from then on, none of its timers and turns comes. */
  life(): { readonly clock: Clock; end(): void } {
    let alive = true
    const living = (run: () => void) => () => {
      if (alive) run()
    }
    return {
      clock: {
        now: this.now,
        random: this.random,
        after: (milliseconds, run) => this.after(milliseconds, living(run)),
        defer: (run) => this.defer(living(run)),
      },
      end() {
        alive = false
      },
    }
  }

  #next(end: number): Timer | undefined {
    const due = this.#timers.filter(({ at }) => at <= end)
    const next = due.sort((one, other) => one.at - other.at || one.order - other.order)[0]
    if (next) this.#timers = this.#timers.filter((other) => other !== next)
    return next
  }
}
