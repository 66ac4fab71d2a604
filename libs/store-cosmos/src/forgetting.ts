import type { Clock } from '@flotilla/decider/clock'
import type { Key } from '@flotilla/decider/decider'
import { Unavailable } from '@flotilla/decider/store'
import { withoutPosted } from './aggregate.ts'
import type { Homes } from './homes.ts'
import type { Replacement, Shelf } from './shelf.ts'
import type { Turns } from './turns.ts'

export interface ForgettingOptions<Row> {
  readonly shelf: Shelf<Row>
  readonly turns: Turns
  readonly clock: Clock
  /** Where messages are that this process has in hand. */
  readonly posted: Homes
  /** Finds the documents of others. */
  readonly search: (ids: readonly string[]) => Promise<ReadonlyMap<string, Key>>
  /** How long messages wait for others, or for another write of their document, in milliseconds. */
  readonly idle: number
  /** Told of a failure that is not the database being away. */
  readonly onFault: (error: unknown) => void
}

const most = 1_000
/** Beyond, the oldest are sent once more when their lease has run out. */
const remembered = 20_000
const pause = 1_000
const conflictsAtMost = 20

/**
 * Messages that the broker has, and that are still to be deleted from their documents: with the next write of the
 * document, or many together after a short while.
 */
export class Forgetting<Row> {
  readonly #options: ForgettingOptions<Row>
  readonly #ids = new Map<string, Key | undefined>()
  readonly #byHome = new Map<Key, Set<string>>()
  #cancel: (() => void) | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(options: ForgettingOptions<Row>) {
    this.#options = options
  }

  add(ids: readonly string[]) {
    for (const id of ids) {
      const home = this.#options.posted.get(id)
      this.#ids.set(id, home)
      if (home) this.#settle(id, home)
    }
    for (const id of this.#ids.keys().take(Math.max(0, this.#ids.size - remembered))) this.#remove(id)
    this.#schedule(this.#options.idle)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** What is to be deleted from a document with its next write. */
  of(home: Key): ReadonlySet<string> | undefined {
    return this.#byHome.get(home)
  }

  /** They are no longer in the document. */
  done(ids: Iterable<string>) {
    for (const id of ids) this.#remove(id)
  }

  /** Deletes them now. When that cannot be done it throws, and they are tried again later. */
  async flush(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    await this.#running
    if (this.#ids.size === 0) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    try {
      await this.#running
      this.#schedule(this.#options.idle)
    } catch (error) {
      this.#schedule(pause)
      throw error
    }
  }

  #schedule(delay: number) {
    if (this.#cancel || this.#closed || this.#ids.size === 0) return
    this.#cancel = this.#options.clock.after(delay, () => {
      this.#cancel = undefined
      this.flush().catch((error) => {
        // Being away is no fault to tell of: they are tried again.
        if (!(error instanceof Unavailable)) this.#options.onFault(error)
      })
    })
  }

  /** Deletes them now, and nothing after that. What cannot be deleted is sent once more by a sweeper. */
  async close(): Promise<void> {
    this.#closed = true
    try {
      await this.flush()
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
    }
  }

  async #run() {
    await this.#locate()
    await this.#clear([...this.#byHome.keys()].slice(0, most))
  }

  /** One document that cannot be written keeps none of the others. */
  async #clear(keys: readonly Key[]): Promise<void> {
    const { turns, shelf, onFault } = this.#options
    try {
      let left = keys
      for (let round = 0; left.length > 0 && round < conflictsAtMost; round += 1) {
        left = await turns.hold(left, async () => this.#strip(left, await shelf.load(left)))
      }
    } catch (error) {
      if (error instanceof Unavailable) throw error
      if (keys.length > 1) {
        await this.#clear(keys.slice(0, keys.length >> 1))
        await this.#clear(keys.slice(keys.length >> 1))
        return
      }
      // Its messages are sent once more, by whoever can write it.
      onFault(error)
      for (const key of keys) this.done([...(this.#byHome.get(key) ?? [])])
    }
  }

  /** Answers the keys of documents that somebody else changed meanwhile. */
  async #strip(keys: readonly Key[], loaded: Awaited<ReturnType<Shelf<Row>['load']>>): Promise<Key[]> {
    const { shelf } = this.#options
    const assumed = keys.filter((key) => loaded.get(key)?.etag === undefined && !loaded.get(key)?.fresh)
    for (const held of await shelf.read(assumed)) loaded.set(held.aggregate.key, held)
    const replacements: (Replacement<Row> & { readonly ids: readonly string[] })[] = []
    for (const [key, held] of loaded) {
      const ids = this.#byHome.get(key) ?? new Set()
      const next = withoutPosted(held.aggregate, ids)
      if (next === held.aggregate) this.done([...ids])
      else replacements.push({ held, next, ids: [...ids] })
    }
    const written = await shelf.write(replacements, 'forget')
    const conflicts: Key[] = []
    let failure: Error | undefined
    written.forEach((each, index) => {
      const { next, ids } = replacements[index] as (typeof replacements)[number]
      if (each.status === 'written') this.done(ids)
      else if (each.status === 'stale') conflicts.push(next.key)
      else failure = each.error
    })
    if (failure) throw failure
    return conflicts
  }

  async #locate() {
    const lost = [...this.#ids].flatMap(([id, home]) => (home ? [] : id))
    if (lost.length === 0) return
    const found = await this.#options.search(lost)
    for (const id of lost) {
      const home = found.get(id)
      if (home) this.#settle(id, home)
      else this.#remove(id)
    }
  }

  #settle(id: string, home: Key) {
    this.#ids.set(id, home)
    const ids = this.#byHome.get(home)
    if (ids) ids.add(id)
    else this.#byHome.set(home, new Set([id]))
  }

  #remove(id: string) {
    const home = this.#ids.get(id)
    this.#ids.delete(id)
    this.#options.posted.delete(id)
    if (home === undefined) return
    const ids = this.#byHome.get(home)
    ids?.delete(id)
    if (ids?.size === 0) this.#byHome.delete(home)
  }
}
