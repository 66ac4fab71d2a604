import type { Clock } from '@flotilla/decider/clock'

/** closed: messages flow. open: nothing is taken. half-open: one message is tried. */
export type OutageState = 'closed' | 'half-open' | 'open'

export interface OutageOptions {
  readonly clock: Clock
  /** Resolves when the dependency answers. Without it the wait alone leads to the try. */
  readonly probe?: (() => Promise<unknown>) | undefined
  /** Called after each change, with what the dependency last failed with. */
  readonly onChange: (state: OutageState, lastError: unknown) => void
  readonly limits: OutageLimits
}

/** All in milliseconds. */
export interface OutageLimits {
  /** The wait before the first probe; doubled with each failure in a row. */
  readonly base: number
  readonly cap: number
  /** A probe that has not answered by then has failed. */
  readonly probeTimeout: number
  /** An outage that begins so soon after the last one is the same one: its waits go on growing. */
  readonly calm: number
}

export const outageLimits: OutageLimits = { base: 250, cap: 15_000, probeTimeout: 5_000, calm: 60_000 }

/** The breaker of a consumer: what its listener depends on is away until a probe and then a message succeed. */
export class Outage {
  readonly #options: OutageOptions
  #state: OutageState = 'closed'
  #failures = 0
  #closedAt = Number.NEGATIVE_INFINITY
  #lastError: unknown
  #cancel: (() => void) | undefined
  #ended = false

  constructor(options: OutageOptions) {
    this.#options = options
  }

  get state(): OutageState {
    return this.#state
  }

  /** A message failed by the dependency's fault. */
  fault(error: unknown) {
    this.#lastError = error
    if (this.#state === 'open' || this.#ended) return
    const { clock, limits } = this.#options
    if (this.#state === 'closed' && clock.now() - this.#closedAt > limits.calm) this.#failures = 0
    this.#wait()
    this.#change('open')
  }

  /** A message got as far as the dependency, and it answered. */
  passed() {
    if (this.#state !== 'half-open') return
    this.#closedAt = this.#options.clock.now()
    this.#change('closed')
  }

  end() {
    this.#ended = true
    this.#cancel?.()
  }

  #wait() {
    const { clock, limits } = this.#options
    const ceiling = Math.min(limits.cap, limits.base * 2 ** this.#failures)
    this.#failures += 1
    this.#cancel = clock.after(ceiling * (0.5 + clock.random() / 2), () => void this.#probe())
  }

  async #probe() {
    const answered = await this.#ask().then(
      () => true,
      (error: unknown) => {
        this.#lastError = error
        return false
      },
    )
    if (this.#ended) return
    if (answered) this.#change('half-open')
    else this.#wait()
  }

  #ask(): Promise<unknown> {
    const { clock, limits, probe } = this.#options
    return new Promise((resolve, reject) => {
      const late = new Error(`the probe did not answer within ${limits.probeTimeout} ms`)
      const cancel = clock.after(limits.probeTimeout, () => reject(late))
      const asked = async () => probe?.()
      asked().then(resolve, reject).finally(cancel)
    })
  }

  #change(state: OutageState) {
    this.#state = state
    this.#options.onChange(state, this.#lastError)
  }
}
