/** Time, turns of the event loop, and chance: everything that a simulation draws from its seed instead. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /**
   * Runs a function once after so many milliseconds, unless the returned function was called before. A `look` comes again
   * and again, and mostly finds nothing: simulated time may pass over it while there is nothing to find.
   */
  after(milliseconds: number, run: () => void, what?: 'look'): () => void
  /** Runs a function after what is now ready to run in the event loop. */
  defer(run: () => void): void
  /** 0 <= x < 1, for jitter. */
  random(): number
}

/** Timers do not keep the process alive: what must be finished before the end is drained by name. */
export const systemClock: Clock = {
  now: Date.now,
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds)
    timer.unref()
    return () => clearTimeout(timer)
  },
  defer: (run) => void setImmediate(run),
  random: Math.random,
}
