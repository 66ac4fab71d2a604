import type { ServiceName } from '@flotilla/contracts/topology'
import { check } from '@flotilla/verify/check'
import { uuidOf } from '@flotilla/verify/databases'
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
/** What a worker came to is kept for so long, until the database can store it. */
const leaseAtLeast = 15_000

/** What must hold when nothing happens any more, by the databases and the books of the outside world. */
export class Ending {
  readonly #world: World
  readonly #plan: Plan
  readonly #around: Surroundings
  readonly #hindrances: {
    readonly what: string
    readonly from: number
    readonly to: number
    readonly unsure: boolean
  }[] = []
  readonly #accepted: string[] = []
  #records: Records | undefined

  constructor(world: World, plan: Plan, around: Surroundings) {
    this.#world = world
    this.#plan = plan
    this.#around = around
  }

  hindered(what: Dependency | ServiceName, from: number, to: number, unsure = false): void {
    this.#hindrances.push({ what, from, to, unsure })
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
      ...this.#prices(),
      ...this.#mails(records),
      ...this.#fine(records),
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
    const hindered = this.#hindrances
      .filter(({ what }) => what === 'order-db')
      .sort((one, other) => one.from - other.from)
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

  /** P5: the view of the prices has become what the catalogue is. */
  #prices(): Finding[] {
    const listed = this.#rows<{ id: string; said: string }>(
      'inventory',
      "SELECT id, listing || ': ' || price AS said FROM item",
    )
    const known = this.#rows<{ id: string; said: string }>(
      'order',
      "SELECT id, listing || ': ' || price AS said FROM price",
    )
    const shown = new Map(known.map(({ id, said }) => [id, said]))
    return listed.flatMap(({ id, said }): Finding[] => {
      if (shown.get(id) === said) return []
      return [
        {
          promise: 'P5',
          about: id,
          what: `is listed as ${said}, and the price list has ${shown.get(id) ?? 'nothing'}`,
        },
      ]
    })
  }

  /** P4: only who has no mailbox is told nothing, and a second copy needs a crash or a lost answer. */
  #mails({ notifications, mails }: Records): Finding[] {
    const refused = new Set(this.#emails().flatMap(({ id, email }) => (email.startsWith('refused.') ? [id] : [])))
    const failed = notifications.flatMap(({ orderId, status }): Finding[] => {
      if (status !== 'failed' || refused.has(orderId)) return []
      return [{ promise: 'P4', about: orderId, what: 'was given up, though its mail was not refused for good' }]
    })
    const away = this.#hindrances.filter(({ what }) => what === 'notification-db')
    const isExcused =
      away.reduce((sum, { from, to }) => sum + to - from, 0) > leaseAtLeast ||
      this.#hindrances.some(({ what, unsure }) => what === 'notification' || (what === 'mail-server' && unsure))
    const copies = isExcused
      ? []
      : [...Map.groupBy(mails, ({ messageId }) => messageId)].filter(([, all]) => all.length > 1)
    return [
      ...failed,
      ...copies.map(([id, all]) => ({
        promise: 'P4',
        about: String(id),
        what: `was sent ${all.length} times, without a crash`,
      })),
    ]
  }

  #emails(): { id: string; email: string }[] {
    return this.#rows('order', `SELECT ${uuidOf('id')} AS id, body ->> 'email' AS email FROM orders`)
  }

  /** Where nothing goes wrong, nothing is done twice. */
  #fine({ intents }: Records): Finding[] {
    const { tally, chaos } = this.#world
    if (chaos.struck.length > 0 || this.#hindrances.length > 0) return []
    const repeated = tally.counts['broker: duplicates dropped'] ?? 0
    const charged = [...Map.groupBy(intents, ({ orderId }) => orderId)].filter(([, all]) => all.length > 1)
    return [
      ...(repeated > 0
        ? [{ promise: 'P5', about: 'the broker', what: `was sent ${repeated} messages twice, for no reason` }]
        : []),
      ...charged.map(([id, all]) => ({
        promise: 'P5',
        about: String(id),
        what: `has ${all.length} intents, for no reason`,
      })),
    ]
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
