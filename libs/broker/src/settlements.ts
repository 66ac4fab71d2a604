/** How a message is settled. Dead letters differ by their reasons, so each is an outcome of its own. */
export type Outcome = 'complete' | 'abandon' | 'dead-letter'

interface Waiting {
  readonly outcome: Outcome
  readonly run: () => void
}

/**
 * Settles unlike outcomes in different turns of the event loop. rhea 3.0.5 (which the SDK is built on) joins the
 * dispositions of neighbouring deliveries that are written in one turn, without comparing the first two: a dead letter
 * right after a completion would go out as a completion, and the message would be gone.
 */
export class Settlements {
  readonly #waiting: Waiting[] = []

  settle(outcome: Outcome, run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ outcome, run: () => run().then(resolve, reject) })
      if (this.#waiting.length === 1) setImmediate(() => this.#turn())
    })
  }

  #turn(): void {
    const outcome = this.#waiting[0]?.outcome
    const unlike = this.#waiting.findIndex((waiting) => waiting.outcome !== outcome)
    const alike = outcome === 'dead-letter' ? 1 : unlike < 0 ? this.#waiting.length : unlike
    for (const { run } of this.#waiting.splice(0, alike)) run()
    if (this.#waiting.length > 0) setImmediate(() => this.#turn())
  }
}
