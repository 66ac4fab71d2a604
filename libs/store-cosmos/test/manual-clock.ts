import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '@flotilla/decider/clock'

export interface ManualClock extends Clock {
  /** Moves on to the next timers, one after the other, until a promise has settled. */
  until<T>(promise: Promise<T>): Promise<T>
  /** Moves on by so many milliseconds. */
  pass(milliseconds: number): Promise<void>
}

/** A clock that stands until it is moved. */
export function manualClock(chance: number | (() => number) = 0.5): ManualClock {
  let now = Date.UTC(2026, 0, 1)
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  const next = () => [...timers].sort((one, other) => one.at - other.at)[0]
  const settle = async () => {
    for (let turns = 0; turns < 10; turns += 1) await turn()
  }
  return {
    now: () => now,
    random: typeof chance === 'number' ? () => chance : chance,
    defer: (run) => void setImmediate(run),
    after(milliseconds, run) {
      const timer = { at: now + milliseconds, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async until(promise) {
      let settled = false
      const done = () => {
        settled = true
      }
      promise.then(done, done)
      for (await settle(); !settled; await settle()) {
        const timer = next()
        if (!timer) throw new Error('nothing is left that could happen')
        timers.delete(timer)
        now = Math.max(now, timer.at)
        timer.run()
      }
      return promise
    },
    async pass(milliseconds) {
      const end = now + milliseconds
      for (let timer = next(); timer && timer.at <= end; timer = next()) {
        timers.delete(timer)
        now = Math.max(now, timer.at)
        timer.run()
        await settle()
      }
      now = end
      await settle()
    },
  }
}
