import { randomUUID } from 'node:crypto'
import type { Clock } from '@flotilla/decider/clock'
import type { Key } from '@flotilla/decider/decider'
import {
  type Change,
  type HeldWork,
  type HistoryEntry,
  type Saved,
  type Store,
  Unavailable,
  type Wanted,
} from '@flotilla/decider/store'
import type { Held } from './cache.ts'
import { Claiming } from './claiming.ts'
import { type Decide, decideFirmly, fold, goneFrom } from './deciding.ts'
import type { Documents } from './documents.ts'
import { Exchange, type Patience } from './exchange.ts'
import { Forgetting } from './forgetting.ts'
import { Homes } from './homes.ts'
import type { Mapping } from './mapping.ts'
import { oldestOutbox, oldestWork, searchHomes } from './search.ts'
import { Shelf } from './shelf.ts'
import { Turns } from './turns.ts'

export interface DocumentStoreOptions<Row> {
  readonly documents: Documents
  readonly clock: Clock
  readonly mapping: Mapping<Row>
  /**
   * Takes an aggregate that this process does not remember to be new, and spares the read: a create that finds the
   * document there is decided again on what it is. For services most of whose aggregates begin here. False.
   */
  readonly assumeNew?: boolean | undefined
  /** Most aggregates remembered with their etags, so that the next command on them needs no read: 10,000. */
  readonly remembered?: number | undefined
  /** How long forgotten messages wait for others to be deleted with, in milliseconds: 50. */
  readonly idle?: number | undefined
  /** Unique among all stores that ever write to the container: a UUID of its own. */
  readonly writer?: string | undefined
  readonly patience?: Patience | undefined
  /** Told of a failure in the background that is not the database being away. A process warning. */
  readonly onFault?: ((error: unknown) => void) | undefined
}

/** An aggregate as it is in the database. */
export interface Found<Row> {
  readonly state: Row
  readonly version: number
  readonly history: readonly HistoryEntry[]
}

export interface DocumentStore<Row> extends Store<Row> {
  /** Reads one aggregate from the database. Throws `Unavailable`. */
  find(key: Key): Promise<Found<Row> | undefined>
  /** Counted since the store was made. */
  stats(): DocumentStats
}

export interface DocumentStats {
  readonly saved: number
  readonly stale: number
}

const defaults = { remembered: 10_000, idle: 50, homes: 32_000 } as const

/**
 * A service's database in documents, one for each aggregate with all that belongs to it: one document, one atomic write.
 * So a change has one row, and a cause is known in the document of its home only: what comes again must come to the same.
 */
export function createDocumentStore<Row>(options: DocumentStoreOptions<Row>): DocumentStore<Row> {
  return new StoreOfDocuments(options)
}

class StoreOfDocuments<Row> implements DocumentStore<Row> {
  readonly pace = 'flight'
  readonly #exchange: Exchange
  readonly #shelf: Shelf<Row>
  readonly #turns = new Turns()
  readonly #posted = new Homes(defaults.homes)
  readonly #due = new Homes(defaults.homes)
  readonly #forgetting: Forgetting<Row>
  readonly #claiming: Claiming<Row>
  readonly #counted = { saved: 0, stale: 0 }
  readonly #remember: Mapping<Row>['remember']
  #closed = false

  constructor(options: DocumentStoreOptions<Row>) {
    const { documents, clock, mapping, assumeNew = false, writer = randomUUID() } = options
    const { remembered = defaults.remembered, idle = defaults.idle, onFault = warn } = options
    const exchange = new Exchange(documents, clock, options.patience)
    const shelf = new Shelf<Row>({ exchange, clock, mapping, remembered, assumeNew, writer })
    const shared = { exchange, shelf, turns: this.#turns, posted: this.#posted }
    const search = (ids: readonly string[]) => searchHomes(exchange, 'outbox', ids)
    this.#remember = mapping.remember
    this.#exchange = exchange
    this.#shelf = shelf
    this.#forgetting = new Forgetting<Row>({ ...shared, clock, search, idle, onFault })
    this.#claiming = new Claiming<Row>({ ...shared, forgetting: this.#forgetting, due: this.#due })
  }

  async transact({ keys, causes }: Wanted, decide: Decide<Row>): Promise<readonly Saved[]> {
    this.#refuseClosed()
    const wanted = { keys: [...new Set(keys)], causes }
    return this.#turns.hold(wanted.keys, async () => {
      const held = await this.#shelf.load(wanted.keys)
      const changes = await decideFirmly(held, wanted, decide, (keys) => this.#shelf.read(keys))
      return this.#save(held, changes)
    })
  }

  async forget(ids: readonly string[]): Promise<void> {
    this.#refuseClosed()
    this.#forgetting.add(ids)
  }

  async claimOutbox(now: number, leaseUntil: number, limit: number) {
    this.#refuseClosed()
    // What the broker has must not be claimed again.
    await this.#forgetting.flush()
    return this.#claiming.outbox({ now, leaseUntil, limit })
  }

  async claimWork(now: number, leaseUntil: number, limit: number) {
    this.#refuseClosed()
    return this.#claiming.work({ now, leaseUntil, limit })
  }

  async postpone(held: HeldWork, visibleAt: number, attempts: number): Promise<void> {
    this.#refuseClosed()
    return this.#claiming.postpone(held, visibleAt, attempts)
  }

  /** Marks leave with the next write of their document, and documents by their time to live: only asks whether it is there. */
  async prune(): Promise<boolean> {
    this.#refuseClosed()
    await this.#exchange.read([{ id: 'prune', partition: 'prune' }], 'prune')
    return false
  }

  async backlog() {
    this.#refuseClosed()
    const [outbox, work] = await Promise.all([
      this.#exchange.query(oldestOutbox, 'backlog'),
      this.#exchange.query(oldestWork, 'backlog'),
    ])
    return {
      oldestOutboxAt: outbox[0]?.oldestOutboxAt as number | undefined,
      oldestDueAt: work[0]?.oldestDueAt as number | undefined,
    }
  }

  async find(key: Key): Promise<Found<Row> | undefined> {
    this.#refuseClosed()
    const aggregate = await this.#shelf.peek(key)
    if (aggregate?.row === undefined) return undefined
    const { row, version, history } = aggregate
    return { state: row, version, history: history.map((entry) => ({ key, ...entry })) }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#forgetting.close()
  }

  stats(): DocumentStats {
    return { ...this.#counted }
  }

  async #save(held: ReadonlyMap<Key, Held<Row>>, changes: readonly Change<Row>[]): Promise<Saved[]> {
    const forgetting = this.#forgetting
    const { replacements, applied } = fold(held, changes, (key) => forgetting.of(key), this.#remember)
    const gone = new Map(
      [...replacements].map(([key, { held }]) => [key, goneFrom(held.aggregate, forgetting.of(key))]),
    )
    const written = await this.#shelf.write([...replacements.values()], 'save')
    const lasting = new Set([...replacements.keys()].filter((_, index) => written[index]?.status === 'written'))
    for (const key of lasting) forgetting.done(gone.get(key) ?? [])
    // What failed beside something that was saved comes back as stale, and fails in the next batch if it must.
    const failed = written.find((each) => each.status === 'failed')
    if (failed && lasting.size === 0) throw failed.error
    return changes.map((change, position) => {
      const isSaved = applied[position] === true && lasting.has(change.home)
      if (isSaved) this.#keepInHand(change)
      this.#counted[isSaved ? 'saved' : 'stale'] += 1
      return isSaved ? 'saved' : 'stale'
    })
  }

  #keepInHand({ home, at, cause, outbox, schedule }: Change<Row>) {
    if (cause.kind === 'work') this.#due.delete(cause.id)
    for (const { id } of outbox) this.#posted.set(id, home)
    for (const { id, dueAt } of schedule) if (dueAt <= at) this.#due.set(id, home)
  }

  #refuseClosed() {
    if (this.#closed) throw new Unavailable('the store is closed')
  }
}

const warn = (error: unknown) => process.emitWarning(error instanceof Error ? error : String(error))
