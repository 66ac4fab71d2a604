import type { Key } from '@flotilla/decider/decider'
import type { DueWork, HeldWork, OutboxRow } from '@flotilla/decider/store'
import {
  type Aggregate,
  isHeldAs,
  type Lease,
  leaseOutbox,
  leaseWork,
  type Posted,
  postponeWork,
  withoutPosted,
} from './aggregate.ts'
import type { Held } from './cache.ts'
import type { Query } from './documents.ts'
import type { Exchange } from './exchange.ts'
import type { Forgetting } from './forgetting.ts'
import type { Homes } from './homes.ts'
import { claimableOutbox, claimableWork, searchHomes } from './search.ts'
import type { Shelf } from './shelf.ts'
import type { Turns } from './turns.ts'

export interface ClaimingOptions<Row> {
  readonly exchange: Exchange
  readonly shelf: Shelf<Row>
  readonly turns: Turns
  readonly forgetting: Forgetting<Row>
  readonly posted: Homes
  readonly due: Homes
}

type Take<Row, Item> = (aggregate: Aggregate<Row>, lease: Lease) => { aggregate: Aggregate<Row>; claimed: Item[] }

const conflictsAtMost = 20

/** Takes what others left to do: a query finds the documents, a conditional write takes what is in them. */
export class Claiming<Row> {
  readonly #options: ClaimingOptions<Row>

  constructor(options: ClaimingOptions<Row>) {
    this.#options = options
  }

  async outbox(lease: Lease): Promise<OutboxRow[]> {
    const { forgetting, posted } = this.#options
    const claimed = await this.#claim<Posted>(claimableOutbox(lease.now, lease.limit), lease, (aggregate, lease) =>
      leaseOutbox(withoutPosted(aggregate, forgetting.of(aggregate.key)), lease),
    )
    for (const { home, item } of claimed) posted.set(item.id, home)
    const rows = claimed.map(({ item }) => item).filter(({ id }) => !forgetting.has(id))
    return rows.sort((one, other) => one.at - other.at).map(({ at: _, ...row }) => row)
  }

  async work(lease: Lease): Promise<DueWork[]> {
    const claimed = await this.#claim<DueWork>(claimableWork(lease.now, lease.limit), lease, leaseWork)
    for (const { home, item } of claimed) this.#options.due.set(item.id, home)
    return claimed.map(({ item }) => item).sort((one, other) => one.dueAt - other.dueAt)
  }

  /** Work that is gone, or that somebody else holds by now, is fine. */
  async postpone(lease: HeldWork, visibleAt: number, attempts: number): Promise<void> {
    const { id } = lease
    const { due, exchange, shelf, turns } = this.#options
    const home = due.get(id) ?? (await searchHomes(exchange, 'work', [id])).get(id)
    if (home === undefined) return
    const attempt = async (round: number): Promise<boolean> => {
      // What is remembered may be outdated; that the work is gone is believed to the database only.
      const remembered = round === 0 ? (await shelf.load([home])).get(home) : undefined
      const isKnown = remembered?.aggregate.work.some(isHeldAs(lease))
      const [held] = isKnown ? [remembered] : await shelf.read([home])
      const next = held && postponeWork(held.aggregate, lease, visibleAt, attempts)
      if (!held || !next) return true
      const [written] = await shelf.write([{ held, next }], 'postpone')
      if (written?.status === 'failed') throw written.error
      return written?.status === 'written'
    }
    for (let round = 0; round < conflictsAtMost; round += 1) {
      if (await turns.hold([home], () => attempt(round))) return
    }
    throw new Error(`work ${id} could not be postponed: ${home} was changed ${conflictsAtMost} times meanwhile`)
  }

  async #claim<Item>(query: Query, lease: Lease, take: Take<Row, Item>): Promise<{ home: Key; item: Item }[]> {
    const { exchange, shelf, turns } = this.#options
    const found = await exchange.query(query, 'claim')
    // What this process is at work on it will do itself, or claim the next time.
    const free = found
      .flatMap((body) => shelf.adopt(body) ?? [])
      .filter(({ aggregate }) => !turns.isBusy(aggregate.key))
    if (free.length === 0) return []
    const keys = free.map(({ aggregate }) => aggregate.key)
    return turns.hold(keys, () => this.#take(free, lease, take))
  }

  /** What somebody else changed since the query has been claimed by them, or is claimed the next time. */
  async #take<Item>(free: readonly Held<Row>[], lease: Lease, take: Take<Row, Item>) {
    const { shelf } = this.#options
    let room = lease.limit
    const taken = free.flatMap((held) => {
      const { aggregate: next, claimed } = take(held.aggregate, { ...lease, limit: room })
      room -= claimed.length
      return claimed.length > 0 ? [{ held, next, claimed }] : []
    })
    const written = await shelf.write(taken, 'claim')
    const claimed = taken.flatMap(({ next, claimed }, index) =>
      written[index]?.status === 'written' ? claimed.map((item) => ({ home: next.key, item })) : [],
    )
    const failed = written.find((each) => each.status === 'failed')
    if (failed && claimed.length === 0) throw failed.error
    return claimed
  }
}
