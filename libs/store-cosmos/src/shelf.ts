import type { Clock } from '@flotilla/decider/clock'
import type { Key } from '@flotilla/decider/decider'
import { type Aggregate, blank } from './aggregate.ts'
import { Cache, type Held } from './cache.ts'
import { fromBody, isReadable, toBody } from './document.ts'
import type { Body } from './documents.ts'
import type { Exchange, Found, Write, Written } from './exchange.ts'
import { type Mapping, placeOf } from './mapping.ts'

export interface ShelfOptions<Row> {
  readonly exchange: Exchange
  readonly clock: Clock
  readonly mapping: Mapping<Row>
  /** Most aggregates remembered. */
  readonly remembered: number
  /** Unique among all that ever write, for it begins the id of each write. */
  readonly writer: string
  /** Takes what is not remembered to be new. */
  readonly assumeNew: boolean
}

/** What is about to be written in place of what is held. */
export interface Replacement<Row> {
  readonly held: Held<Row>
  readonly next: Aggregate<Row>
}

/** Aggregates in the database, with what is remembered of them here. */
export class Shelf<Row> {
  readonly #options: ShelfOptions<Row>
  readonly #cache: Cache<Row>
  #writes = 0

  constructor(options: ShelfOptions<Row>) {
    this.#options = options
    this.#cache = new Cache(options.remembered)
  }

  /** From memory where it can be, otherwise from the database. */
  async load(keys: readonly Key[]): Promise<Map<Key, Held<Row>>> {
    const loaded = new Map<Key, Held<Row>>()
    const missing: Key[] = []
    for (const key of keys) {
      const held = this.#cache.get(key)
      if (held) loaded.set(key, held)
      else if (this.#options.assumeNew && !this.#cache.has(key)) loaded.set(key, absent(key, false))
      else missing.push(key)
    }
    for (const held of await this.read(missing)) loaded.set(held.aggregate.key, held)
    return loaded
  }

  /** From the database. */
  async read(keys: readonly Key[]): Promise<Held<Row>[]> {
    if (keys.length === 0) return []
    const { exchange, mapping } = this.#options
    const found = await exchange.read(
      keys.map((key) => placeOf(key, mapping)),
      'load',
    )
    return keys.map((key, index) => this.#take(key, found[index]))
  }

  /** Looks into the database without remembering what it sees, for somebody may be changing it here. */
  async peek(key: Key): Promise<Aggregate<Row> | undefined> {
    const { exchange, mapping } = this.#options
    const [found] = await exchange.read([placeOf(key, mapping)], 'find')
    return found && fromBody(found.body, mapping)
  }

  /** What a query found; undefined when it is for a newer release. */
  adopt(body: Body): Held<Row> | undefined {
    if (!isReadable(body, this.#options.mapping)) return undefined
    return { aggregate: fromBody(body, this.#options.mapping), etag: body._etag as string, fresh: true }
  }

  /** Each on the condition that what is held is still what is there; remembers what was written. */
  async write(replacements: readonly Replacement<Row>[], purpose: string): Promise<Written[]> {
    const { exchange, mapping, clock, writer } = this.#options
    const now = clock.now()
    const writes = replacements.map(({ held, next }): Write => {
      const { etag } = held
      const body = toBody(next, mapping, `${writer}.${++this.#writes}`, now)
      const place = placeOf(next.key, mapping)
      return etag === undefined ? { type: 'create', ...place, body } : { type: 'replace', ...place, body, etag }
    })
    const written = await exchange.write(writes, purpose)
    written.forEach((each, index) => {
      const { next } = replacements[index] as Replacement<Row>
      if (each.status !== 'written') this.#cache.doubt(next.key)
      // A final aggregate that owes nothing will hardly be needed again.
      else if (writes[index]?.body.ttl !== undefined) this.#cache.drop(next.key)
      else this.#cache.put(next, each.etag)
    })
    return written
  }

  #take(key: Key, found: Found | undefined): Held<Row> {
    if (!found) {
      this.#cache.drop(key)
      return absent(key, true)
    }
    const aggregate = fromBody(found.body, this.#options.mapping)
    this.#cache.put(aggregate, found.etag)
    return { aggregate, etag: found.etag, fresh: true }
  }
}

const absent = <Row>(key: Key, fresh: boolean): Held<Row> => ({ aggregate: blank(key), etag: undefined, fresh })
