import type { Key } from '@flotilla/decider/decider'

/** Lets one at a time of this process work on a document, so that it does not come into conflict with itself. */
export class Turns {
  readonly #busy = new Set<Key>()
  #waiting: (() => void)[] = []

  isBusy(key: Key): boolean {
    return this.#busy.has(key)
  }

  /** Runs when none of the keys is being worked on. */
  async hold<T>(keys: readonly Key[], run: () => Promise<T>): Promise<T> {
    while (keys.some((key) => this.#busy.has(key))) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    for (const key of keys) this.#busy.add(key)
    try {
      return await run()
    } finally {
      for (const key of keys) this.#busy.delete(key)
      const waiting = this.#waiting
      this.#waiting = []
      for (const resume of waiting) resume()
    }
  }
}
