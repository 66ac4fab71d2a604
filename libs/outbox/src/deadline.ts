import type { Clock } from '@flotilla/decider/clock'

/** Resolves after so many milliseconds of the clock. */
export const elapsed = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => void clock.after(milliseconds, resolve))

export interface Gate {
  check(): void
  until(deadlineAt: number): Promise<void>
}

/** Resolves as soon as `done` holds, asked again at each `check`, or at a moment, whichever is first. */
export function createGate(clock: Clock, done: () => boolean): Gate {
  const waiting = new Set<() => void>()
  return {
    check() {
      if (waiting.size > 0 && done()) for (const open of [...waiting]) open()
    },
    until(deadlineAt: number): Promise<void> {
      if (done()) return Promise.resolve()
      return new Promise((resolve) => {
        const open = () => {
          waiting.delete(open)
          cancel()
          resolve()
        }
        const cancel = clock.after(Math.max(0, deadlineAt - clock.now()), open)
        waiting.add(open)
      })
    },
  }
}
