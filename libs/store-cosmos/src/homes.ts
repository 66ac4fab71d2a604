import type { Key } from '@flotilla/decider/decider'

/** In which documents the messages and the work are that this process has in hand. Bounded: the oldest are forgotten. */
export class Homes {
  readonly #limit: number
  readonly #homes = new Map<string, Key>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(id: string): Key | undefined {
    return this.#homes.get(id)
  }

  set(id: string, home: Key) {
    this.#homes.set(id, home)
    if (this.#homes.size > this.#limit) this.#homes.delete(this.#homes.keys().next().value as string)
  }

  delete(id: string) {
    this.#homes.delete(id)
  }
}
