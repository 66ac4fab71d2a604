/** That an id was seen. */
export interface Sighting {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Of the journal, where it was written last. */
  segment: number
}

/** The ids of what was sent to one queue or topic within its window; a second message with a remembered id is dropped. */
export class DuplicateHistory {
  /** Milliseconds. */
  readonly window: number
  /** Oldest first. */
  readonly #seen = new Map<string, Sighting>()

  constructor(window: number) {
    this.window = window
  }

  get size(): number {
    return this.#seen.size
  }

  /** Remembers the id if it is new; undefined says that it is not. */
  admit(id: string, now: number): Sighting | undefined {
    this.#forget(now)
    const seen = this.#seen.get(id)
    return seen !== undefined && now - seen.at < this.window ? undefined : this.remember(id, now)
  }

  remember(id: string, at: number): Sighting {
    const sighting = { at, segment: 0 }
    this.#seen.delete(id)
    this.#seen.set(id, sighting)
    return sighting
  }

  entries(): MapIterator<[string, Sighting]> {
    return this.#seen.entries()
  }

  #forget(now: number): void {
    for (const [id, { at }] of this.#seen) {
      if (now - at < this.window) return
      this.#seen.delete(id)
    }
  }
}
