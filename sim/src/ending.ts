import { check } from '@flotilla/verify/check'
import type { Records } from '@flotilla/verify/records'
import type { Ledger } from './customers.ts'
import { twinOwes } from './documents.ts'
import type { Plan } from './plan.ts'
import { readRecords } from './records.ts'
import type { Surroundings } from './services.ts'
import type { Dependency, Finding, World } from './world.ts'

const services = ['order', 'inventory', 'payment'] as const
/** Milliseconds. */
const lateAfterDeadline = 5_000

/** What must hold when nothing happens any more, by the databases and the books of the outside world. */
export class Ending {
  readonly #world: World
  readonly #plan: Plan
  readonly #around: Surroundings
  /** When the order service or its database were hindered from outside. */
  readonly #hindered: { readonly from: number; readonly to: number }[] = []
  readonly #accepted: string[] = []
  #records: Records | undefined

  constructor(world: World, plan: Plan, around: Surroundings) {
    this.#world = world
    this.#plan = plan
    this.#around = around
  }

  hindered(dependency: Dependency, from: number, to: number): void {
    if (dependency === 'order-db') this.#hindered.push({ from, to })
  }

  /** An order is answered with 202 now. */
  accepted(id: string): void {
    this.#accepted.push(id)
    const found = this.#around.databases.order.database.prepare('SELECT 1 FROM orders WHERE id = ?').get(bytesOf(id))
    if (!found)
      this.#world.broken({ promise: 'P6', about: id, what: 'is answered with 202, and is not in the database' })
  }

  findings(ledger: Ledger): Finding[] {
    const records = this.#read()
    return [
      ...check(records, { accepted: this.#accepted, settled: true }),
      ...this.#punctual(),
      ...this.#asTold(records, ledger),
      ...this.#once(),
      ...this.#received(ledger),
      ...this.#effects(),
      ...this.#deadLetters(),
    ]
  }

  /** The ways through the saga that this run's orders took. */
  paths(): string[] {
    const { orders, reservations, payments, notifications } = this.#read()
    const reasons = this.#rows<{ reason: string | null }>('order', 'SELECT reason FROM orders')
    return [
      ...orders.map(({ status }) => `order ${status}`),
      ...reasons.flatMap(({ reason }) => (reason === null ? [] : [`order cancelled: ${reason}`])),
      ...reservations.map(({ status }) => `stock ${status}`),
      ...payments.map(({ status }) => `payment ${status}`),
      ...notifications.map(({ kind, status }) => `mail ${kind} ${status}`),
    ]
  }

  /** What keeps the world from its rest. */
  owed(): string {
    const { databases, twin, broker } = this.#around
    const owes = Object.entries(databases).map(([name, database]) => `${name} ${JSON.stringify(database.owes())}`)
    const queues = broker.records().filter(({ active }) => active > 0)
    return [...owes, `notification ${JSON.stringify(twinOwes(twin))}`, JSON.stringify(queues)].join('; ')
  }

  #read(): Records {
    const { databases, twin, cards, mail, broker } = this.#around
    const records =
      this.#records ??
      readRecords({
        at: this.#world.time.now,
        databases,
        twin,
        intents: cards.intents(),
        mails: mail.mails(),
        queues: broker.records(),
      })
    this.#records = records
    return records
  }

  #rows<Row>(of: keyof Surroundings['databases'], sql: string): Row[] {
    return this.#around.databases[of].database.prepare(sql).all() as Row[]
  }

  /** P1: at most 5 s late, as long as the order service and its database are up. Replicas' clocks differ. */
  #punctual(): Finding[] {
    const { skew } = this.#plan.settings
    const hindered = this.#hindered.toSorted((one, other) => one.from - other.from)
    return this.#read().orders.flatMap(({ id, deadline, endedAt }): Finding[] => {
      let excused = deadline
      for (const { from, to } of hindered) {
        if (from <= excused + lateAfterDeadline + 2 * skew) excused = Math.max(excused, to)
      }
      const late = (endedAt ?? 0) - excused
      if (late <= lateAfterDeadline + 2 * skew) return []
      return [{ promise: 'P1', about: id, what: `ended ${late} ms after its deadline, or what hindered it` }]
    })
  }

  /** P1, P6: what somebody was told is how it is. */
  #asTold({ orders }: Records, { ends }: Ledger): Finding[] {
    const statusOf = new Map(orders.map(({ id, status }) => [id, status as string]))
    return [...ends].flatMap(([id, said]): Finding[] => {
      const is = statusOf.get(id) ?? 'not there'
      return is === said ? [] : [{ promise: 'P6', about: id, what: `was said to be ${said}, and is ${is}` }]
    })
  }

  /** P5: each customer's wish is one order. */
  #once(): Finding[] {
    const rows = this.#rows<{ email: string; n: number }>(
      'order',
      "SELECT body ->> 'email' AS email, count(*) AS n FROM orders GROUP BY 1",
    )
    return rows.flatMap(({ email, n }): Finding[] =>
      n === 1 ? [] : [{ promise: 'P5', about: email, what: `has ${n} orders under one key` }],
    )
  }

  /** P5, P6: each receipt that was answered counts once. */
  #received({ receipts }: Ledger): Finding[] {
    const wanted = new Map<string, number>()
    for (const { sku, quantity } of receipts.values()) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity)
    return this.#rows<{ sku: string; received: number }>('inventory', 'SELECT id AS sku, received FROM item').flatMap(
      ({ sku, received }): Finding[] => {
        const should = wanted.get(sku) ?? 0
        if (received === should) return []
        return [{ promise: 'P5', about: sku, what: `${should} pieces were received, and ${received} are in the books` }]
      },
    )
  }

  /** P5: nothing happens twice to an order, its stock, its payment or its mail, whatever was said twice. */
  #effects(): Finding[] {
    const sql = `SELECT home, type, count(*) AS n FROM history WHERE home NOT LIKE 'item:%' GROUP BY home, type HAVING n > 1`
    const rows = services.flatMap((service) => this.#rows<{ home: string; type: string; n: number }>(service, sql))
    const told = this.#around.twin.all().flatMap(({ id, history }) => {
      const types = (history as unknown as readonly { readonly type: string }[]).map(({ type }) => type)
      return types.flatMap((type, index) => (types.indexOf(type) < index ? [{ home: String(id), type, n: 2 }] : []))
    })
    return [...rows, ...told].map(({ home, type, n }) => ({
      promise: 'P5',
      about: home,
      what: `${type} happened ${n} times`,
    }))
  }

  /** Nothing here sends what cannot be read, so no message may have been put aside for good. */
  #deadLetters(): Finding[] {
    return this.#around.broker.queues.flatMap(({ name, deadLetters }) =>
      deadLetters.map(({ message, reason, description }) => ({
        promise: 'P5',
        about: name,
        what: `${message.id} is a dead letter: ${reason}: ${description}`,
      })),
    )
  }
}

const bytesOf = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex')
