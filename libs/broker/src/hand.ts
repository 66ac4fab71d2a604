import type { Clock } from '@flotilla/decider/clock'
import type { Intake } from './intake.ts'
import { type Received, renewedFor } from './transport.ts'

/** What becomes of a message. `lapsed`: its lock is no longer ours, so there is nothing to settle. */
export type Verdict =
  | { readonly kind: 'complete' }
  | { readonly kind: 'abandon' }
  | { readonly kind: 'lapsed' }
  | { readonly kind: 'dead-letter'; readonly reason: string; readonly description: string }

/** A message in hand, from its arrival to its settlement. */
export class Hand {
  readonly received: Received
  readonly intake: Intake
  readonly #clock: Clock
  readonly #since: number
  #settled = false
  #released = false
  #wake: ((again: boolean) => void) | undefined

  constructor(received: Received, intake: Intake, clock: Clock) {
    this.received = received
    this.intake = intake
    this.#clock = clock
    this.#since = clock.now()
  }

  get lapsed(): boolean {
    return this.#clock.now() - this.#since >= renewedFor
  }

  /** True once: a message is settled once, by its own handling or by the end of the grace. */
  claimSettlement(): boolean {
    if (this.#settled) return false
    this.#settled = true
    return true
  }

  /** Ends the present wait and all to come: the message is to be given back. */
  release() {
    this.#released = true
    this.wake(false)
  }

  wake(again: boolean) {
    this.#wake?.(again)
  }

  /** Waits until woken, or for so many milliseconds. False when the message is to be given back. */
  wait(milliseconds?: number): Promise<boolean> {
    if (this.#released) return Promise.resolve(false)
    return new Promise((resolve) => {
      const cancel = milliseconds === undefined ? undefined : this.#clock.after(milliseconds, () => this.wake(true))
      this.#wake = (again) => {
        this.#wake = undefined
        cancel?.()
        resolve(again)
      }
    })
  }
}
