import type { Key } from '@flotilla/decider/decider'
import type { Aggregate } from './aggregate.ts'

/** An aggregate as this process last saw it. */
export interface Held<Row> {
  readonly aggregate: Aggregate<Row>
  /** Undefined: the document is not there, or is taken not to be. */
  readonly etag: string | undefined
  /** It was read by whoever holds it, not remembered or assumed. */
  readonly fresh: boolean
}

/**
 * The aggregates this process wrote last, so that its next command on them needs no read. They may have been changed by
 * another process since: only a write conditional on the etag tells.
 */
export class Cache<Row> {
  readonly #limit: number
  /** Undefined: there is something, but what is not known. */
  readonly #held = new Map<Key, Held<Row> | undefined>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: Key): Held<Row> | undefined {
    return this.#held.get(key)
  }

  /** Whether anything is known of the key, be it only that it must be read. */
  has(key: Key): boolean {
    return this.#held.has(key)
  }

  put(aggregate: Aggregate<Row>, etag: string) {
    this.#set(aggregate.key, { aggregate, etag, fresh: false })
  }

  /** What was remembered is outdated: the next command reads. */
  doubt(key: Key) {
    this.#set(key, undefined)
  }

  drop(key: Key) {
    this.#held.delete(key)
  }

  #set(key: Key, held: Held<Row> | undefined) {
    this.#held.delete(key)
    this.#held.set(key, held)
    if (this.#held.size > this.#limit) this.#held.delete(this.#held.keys().next().value as Key)
  }
}
