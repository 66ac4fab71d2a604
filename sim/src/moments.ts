import { idOf, type Key, kindOf } from '@flotilla/decider/decider'
import type { Change } from '@flotilla/decider/store'
import { uuidToBlob } from '@flotilla/decider/uuid'
import type { Mailer } from '@flotilla/notification/outbound/mail'
import type { CardProcessor } from '@flotilla/payment/outbound/card-processor'
import type { IntentRecord } from '@flotilla/verify/records'
import type { SimDatabase, SqlService } from './database.ts'
import type { Life } from './life.ts'
import type { Mail } from './mail-server.ts'
import { type Report, watchStock } from './stock-moments.ts'
import type { World } from './world.ts'

export interface Watched {
  readonly databases: Readonly<Record<SqlService, SimDatabase>>
  /** The card processor's own book. */
  readonly intents: () => readonly IntentRecord[]
  /** How far a clock is off at most, in milliseconds. */
  readonly skew: number
}

/** What must hold at every moment, not only in the end. Each looks at what has just changed, and at nothing else. */
export interface Moments {
  /** A transaction of this service has ended: the changes are in its database, or were stale. */
  committed(service: SqlService, changes: readonly Change<unknown>[]): void
  /** When each order was first in its database, in milliseconds since the epoch. */
  readonly storedAt: ReadonlyMap<string, number>
  /** The mail server has taken a mail. */
  taken(mail: Mail): void
  /** Payment's port of one process, with its calls looked at. */
  watched(processor: CardProcessor, life: Life): CardProcessor
  /** The mail server of one process, likewise. */
  watchedMailer(mailer: Mailer, life: Life): Mailer
}

/** An order as it stands in its database. */
interface OrderRow {
  readonly status: string
  readonly endedAt: number | null
  readonly deadline: number
  readonly total: number
  readonly currency: string
  readonly email: string
}

/** Begins with empty databases and no mails. What does not hold is told to `world.broken`. */
export function watchMoments(world: World, watched: Watched): Moments {
  const report: Report = (promise, about, what) => world.broken({ promise, about, what })
  const orderOf = orderReader(watched)
  const statusOf = (orderId: string) => orderOf(orderId)?.status
  const stock = watchStock(watched.databases.inventory, statusOf, report)
  const orders = watchOrders(watched, orderOf, report)
  const payments = watchPayments(watched, statusOf, report)
  const alone = watchCalls(report)
  const storedAt = new Map<string, number>()
  return {
    storedAt,
    committed(service, changes) {
      const keys = new Set<Key>()
      for (const { rows } of changes) for (const { key } of rows) keys.add(key)
      if (keys.size === 0) return
      if (service === 'inventory') stock(keys)
      else for (const key of keys) if (kindOf(key) === service) (service === 'order' ? orders : payments)(idOf(key))
      if (service !== 'order') return
      for (const key of keys) if (!storedAt.has(idOf(key))) storedAt.set(idOf(key), world.time.now)
    },
    taken: watchMails(orderOf, report),
    watchedMailer: (mailer, life) => (letter, to, orderId) =>
      alone(life, letter.messageId, () => mailer(letter, to, orderId)),
    watched(processor, life) {
      const confirm: CardProcessor['confirm'] = (intentId, orderId, attempt) => {
        inTime(world, watched, orderId, report)
        return alone(life, intentId, () => processor.confirm(intentId, orderId, attempt))
      }
      return {
        ...processor,
        confirm,
        createIntent: (intent, attempt) => alone(life, intent.orderId, () => processor.createIntent(intent, attempt)),
        cancel: (intentId, ...rest) => alone(life, intentId, () => processor.cancel(intentId, ...rest)),
        refund: (intentId, ...rest) => alone(life, intentId, () => processor.refund(intentId, ...rest)),
      }
    },
  }
}

type OrderOf = (orderId: string) => OrderRow | undefined

function orderReader({ databases }: Watched): OrderOf {
  const find = databases.order.database.prepare(
    `SELECT status, ended_at AS endedAt, deadline, total, currency, body ->> 'email' AS email FROM orders WHERE id = ?`,
  )
  return (orderId) => find.get(uuidToBlob(orderId)) as OrderRow | undefined
}

const hasEnded = ({ endedAt }: OrderRow) => endedAt !== null

/** P1: one end, for good. P2 and P3: an order is confirmed only when its stock is taken and its total is paid. */
function watchOrders(watched: Watched, orderOf: OrderOf, report: Report) {
  const { databases, intents } = watched
  const ends = databases.order.database.prepare(
    "SELECT count(*) AS n FROM history WHERE home = ? AND type IN ('Confirmed', 'Cancelled')",
  )
  const reservation = databases.inventory.database.prepare('SELECT status FROM reservation WHERE id = ?')
  const ended = new Map<string, OrderRow>()

  function confirmed(orderId: string, { total, currency, endedAt, deadline }: OrderRow) {
    if (endedAt !== null && endedAt >= deadline) {
      report('P1', orderId, `is confirmed ${endedAt - deadline} ms after its deadline`)
    }
    const { status } = (reservation.get(uuidToBlob(orderId)) ?? { status: 'not there' }) as { readonly status: string }
    if (status !== 'held' && status !== 'sold') report('P2', orderId, `is confirmed, and its stock is ${status}`)
    const kept = intents().filter((intent) => intent.orderId === orderId && keptOf(intent) !== 0)
    const isPaid =
      kept.length === 1 && kept.every((it) => keptOf(it) === total && it.currency === currency.toLowerCase())
    if (!isPaid) {
      const paid = kept.map((it) => `${keptOf(it)} ${it.currency}`).join(' and ') || 'nothing'
      report('P3', orderId, `is confirmed for ${total} ${currency}, and ${paid} was paid`)
    }
  }

  return (orderId: string) => {
    const order = orderOf(orderId)
    const before = ended.get(orderId)
    if (before) {
      if (order?.status === before.status && order.endedAt === before.endedAt && timesEnded(orderId) === 1) return
      const now = order ? `${order.status} at ${order.endedAt}` : 'gone'
      const times = `and has ended ${timesEnded(orderId)} times`
      report('P1', orderId, `was ${before.status} at ${before.endedAt}, is ${now}, ${times}`)
    } else if (order && hasEnded(order)) {
      if (timesEnded(orderId) !== 1) report('P1', orderId, `has ended ${timesEnded(orderId)} times`)
      ended.set(orderId, order)
      if (order.status === 'confirmed') confirmed(orderId, order)
    }
  }

  function timesEnded(orderId: string): number {
    return (ends.get(`order:${orderId}`) as { readonly n: number }).n
  }
}

const keptOf = ({ received, refunded }: IntentRecord) => received - refunded

/** P3: never is an order paid twice, and what was paid goes back only when the order is cancelled. */
function watchPayments({ databases, intents }: Watched, statusOf: (id: string) => string | undefined, report: Report) {
  const find = databases.payment.database.prepare('SELECT status FROM payment WHERE id = ?')
  return (orderId: string) => {
    const paid = intents().filter((intent) => intent.orderId === orderId && keptOf(intent) > 0)
    if (paid.length > 1) report('P3', orderId, `is paid ${paid.length} times: ${paid.map(({ id }) => id).join(', ')}`)
    const payment = find.get(uuidToBlob(orderId)) as { readonly status: string } | undefined
    if (payment?.status !== 'refunding' && payment?.status !== 'refunded') return
    const order = statusOf(orderId)
    if (order !== 'cancelled') report('P3', orderId, `is ${order ?? 'not there'}, and its payment is ${payment.status}`)
  }
}

/** P3: past its deadline, by the clock of whoever asks, no order is charged any more. */
function inTime({ time }: World, { databases, skew }: Watched, orderId: string, report: Report) {
  const { database } = databases.payment
  const found = database.prepare('SELECT deadline FROM payment WHERE id = ?').get(uuidToBlob(orderId))
  const late = time.now - ((found?.deadline as number | undefined) ?? Number.NEGATIVE_INFINITY)
  // Clocks tell whole milliseconds.
  if (late >= skew + 1) report('P3', orderId, `is charged ${late} ms after its deadline`)
}

/** P3 to P5: the money of one order is moved, and its mail sent, by one at a time. */
function watchCalls(report: Report) {
  const busy = new Map<string, { readonly life: Life }>()
  return async <T>(life: Life, about: string, call: () => Promise<T>): Promise<T> => {
    const other = busy.get(about)?.life
    if (other?.alive) report('P5', about, `is in the hands of ${other.name} and ${life.name} at the same time`)
    const mine = { life }
    busy.set(about, mine)
    try {
      return await call()
    } finally {
      if (busy.get(about) === mine) busy.delete(about)
    }
  }
}

/** P4: what mails say is so, to the one who ordered, and once. */
function watchMails(orderOf: OrderOf, report: Report) {
  const said = new Map<string, string>()
  return ({ orderId, messageId, to }: Mail) => {
    const about = orderId ?? 'a mail'
    const order = orderId === null ? undefined : orderOf(orderId)
    if (!order) return report('P4', about, `is in the mail ${messageId}, and is no order`)
    if (!messageId.startsWith(`<${orderId}.order-${order.status}@`) || !hasEnded(order)) {
      report('P4', about, `is ${order.status}, and the mail ${messageId} is sent`)
    }
    if (to !== order.email) report('P4', about, 'is told to somebody else')
    const before = said.get(about)
    if (before !== undefined && before !== messageId) report('P4', about, `has two mails: ${before} and ${messageId}`)
    said.set(about, messageId)
  }
}
