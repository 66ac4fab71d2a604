import type { IntentRecord, OrderRecord, Records } from './records.ts'

/** One promise broken, and by which order, SKU or service. */
export interface Finding {
  readonly promise: 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6'
  readonly about: string
  readonly what: string
}

export interface CheckOptions {
  /** Ids that were answered with 202: each must be there. */
  readonly accepted?: readonly string[]
  /** Nothing is under way any more: everything must have come to its end. */
  readonly settled?: boolean
  /** The order service or its database was away for a while: what was due meanwhile may have ended late. */
  readonly wasAway?: boolean
}

/** What an order's end may still take to reach the other services, in milliseconds, while the fleet is busy. */
const grace = 60_000
const lateAfterDeadline = 5_000

/** Checks the promises of the design against the books; an empty list when all are kept. */
export function check(
  records: Records,
  { accepted = [], settled = false, wasAway = false }: CheckOptions = {},
): Finding[] {
  const isDone = ({ endedAt }: OrderRecord) => endedAt !== null && (settled || records.at - endedAt > grace)
  // A refund or a mail may wait for longer than an outage of the card processor or the mail server lasts.
  const moves = new Set(records.payments.filter(({ status }) => isUnderWay(status)).map(({ orderId }) => orderId))
  const due = new Set(records.notifications.filter(({ status }) => status === 'due').map(({ orderId }) => orderId))
  const orders = new Map(records.orders.map((order) => [order.id, order]))
  return [
    ...oneEnd(records, settled),
    ...(wasAway ? [] : inTime(records)),
    ...durable(accepted, orders),
    ...stock(records),
    ...stockFollows(records, isDone),
    ...money(records, orders, (order) => isDone(order) && (settled || !moves.has(order.id))),
    ...told(records, orders, (order) => isDone(order) && (settled || !due.has(order.id))),
    ...(settled ? nothingOwed(records) : []),
  ]
}

const isUnderWay = (payment: string) => ['requested', 'pending', 'refunding'].includes(payment)

function oneEnd({ orders, at }: Records, settled: boolean): Finding[] {
  return orders.flatMap(({ id, status, deadline, ends }): Finding[] => {
    const isOpen = status === 'placed' || status === 'reserved'
    if (isOpen && (settled || at > deadline + lateAfterDeadline)) {
      const when = `${Math.abs(at - deadline)} ms ${at < deadline ? 'before' : 'after'} its deadline`
      return [{ promise: 'P1', about: id, what: `is still ${status}, ${when}` }]
    }
    if (ends !== (isOpen ? 0 : 1))
      return [{ promise: 'P1', about: id, what: `is ${status}, and has ended ${ends} times` }]
    return []
  })
}

function inTime({ orders }: Records): Finding[] {
  return orders.flatMap(({ id, status, deadline, endedAt }): Finding[] => {
    const late = (endedAt ?? deadline) - deadline
    return late > lateAfterDeadline
      ? [{ promise: 'P1', about: id, what: `is ${status}, ${late} ms after its deadline` }]
      : []
  })
}

function durable(accepted: readonly string[], orders: ReadonlyMap<string, OrderRecord>): Finding[] {
  return accepted
    .filter((id) => !orders.has(id))
    .map((id) => ({ promise: 'P6', about: id, what: 'was answered with 202 and is not in the database' }))
}

function stock({ items, reservations, receipts }: Records): Finding[] {
  const sum = (lines: readonly { sku: string; quantity: number }[]) => {
    const by = new Map<string, number>()
    for (const { sku, quantity } of lines) by.set(sku, (by.get(sku) ?? 0) + quantity)
    return by
  }
  const received = sum(receipts)
  const held = sum(reservations.filter(({ status }) => status === 'held').flatMap(({ lines }) => lines))
  const sold = sum(reservations.filter(({ status }) => status === 'sold').flatMap(({ lines }) => lines))
  return items.flatMap((item): Finding[] => {
    const wrong: string[] = []
    const { available, reserved } = item
    if (item.received !== available + reserved + item.sold) {
      wrong.push(`received ${item.received} is not available ${available} + reserved ${reserved} + sold ${item.sold}`)
    }
    if (Math.min(available, reserved, item.sold) < 0) wrong.push('is below zero')
    const compare = (name: string, is: number, says: number | undefined, who: string) => {
      if (is !== (says ?? 0)) wrong.push(`${name} is ${is}, but ${who} add up to ${says ?? 0}`)
    }
    compare('received', item.received, received.get(item.sku), 'its receipts')
    compare('reserved', reserved, held.get(item.sku), 'the reservations held')
    compare('sold', item.sold, sold.get(item.sku), 'the reservations sold')
    return wrong.map((what) => ({ promise: 'P2', about: item.sku, what }))
  })
}

/** A confirmed order's stock is sold; a cancelled one holds nothing. */
function stockFollows({ orders, reservations }: Records, isDone: (order: OrderRecord) => boolean): Finding[] {
  const statusOf = new Map(reservations.map(({ orderId, status }) => [orderId, status]))
  return orders.filter(isDone).flatMap(({ id, status }): Finding[] => {
    const reservation = statusOf.get(id)
    const holds = reservation === 'held' || reservation === 'sold'
    if (status === 'confirmed' ? reservation === 'sold' : !holds) return []
    return [{ promise: 'P2', about: id, what: `is ${status}, and its stock is ${reservation ?? 'not reserved'}` }]
  })
}

function money(
  { intents, payments }: Records,
  orders: ReadonlyMap<string, OrderRecord>,
  isDone: (order: OrderRecord) => boolean,
): Finding[] {
  const byOrder = Map.groupBy(intents, ({ orderId }) => orderId ?? '')
  const strangers = [...byOrder].filter(([id, of]) => !orders.has(id) && of.some(({ received }) => received > 0))
  const wrong = [...orders.values()].filter(isDone).flatMap((order): Finding[] => {
    const what = moneyOf(order, byOrder.get(order.id) ?? [])
    return what === undefined ? [] : [{ promise: 'P3', about: order.id, what }]
  })
  const ledger = payments.flatMap(({ orderId, captured, refunded }): Finding[] => {
    const of = byOrder.get(orderId) ?? []
    const order = orders.get(orderId)
    const at = { captured: total(of, 'received'), refunded: total(of, 'refunded') }
    if (!order || !isDone(order) || (at.captured === captured && at.refunded === refunded)) return []
    const what = `the ledger says ${captured} captured and ${refunded} refunded, the card processor ${at.captured} and ${at.refunded}`
    return [{ promise: 'P3', about: orderId, what }]
  })
  return [
    ...strangers.map(
      ([id]): Finding => ({ promise: 'P3', about: id, what: 'was charged, and there is no such order' }),
    ),
    ...wrong,
    ...ledger,
  ]
}

const total = (intents: readonly IntentRecord[], what: 'received' | 'refunded') =>
  intents.reduce((sum, intent) => sum + intent[what], 0)

function moneyOf(order: OrderRecord, intents: readonly IntentRecord[]): string | undefined {
  const kept = intents.filter(({ received, refunded }) => received - refunded !== 0)
  if (order.status === 'cancelled') {
    return kept.length === 0
      ? undefined
      : `is cancelled, and ${total(kept, 'received') - total(kept, 'refunded')} was kept`
  }
  const [only] = kept
  if (kept.length !== 1 || !only) return `is confirmed, and has ${kept.length} captured payments`
  if (only.received !== order.total || only.refunded !== 0 || only.currency !== order.currency.toLowerCase()) {
    return `is confirmed for ${order.total} ${order.currency}, and ${only.received - only.refunded} ${only.currency} was kept`
  }
  return undefined
}

function told(
  { mails, notifications }: Records,
  orders: ReadonlyMap<string, OrderRecord>,
  isDone: (order: OrderRecord) => boolean,
): Finding[] {
  const byOrder = Map.groupBy(mails, ({ orderId }) => orderId ?? '')
  const failed = new Set(notifications.filter(({ status }) => status === 'failed').map(({ orderId }) => orderId))
  const premature = [...byOrder.keys()].filter((id) => orders.get(id)?.endedAt == null)
  const says = (id: string) =>
    orders.has(id) ? 'has not ended, and a mail says it has' : 'is in a mail, and is no order'
  const wrong = [...orders.values()].filter(isDone).flatMap((order): Finding[] => {
    const ids = new Set((byOrder.get(order.id) ?? []).map(({ messageId }) => messageId))
    const expected = [...ids].every((id) => id?.includes(`.order-${order.status}@`))
    if (expected && (ids.size === 1 || (ids.size === 0 && failed.has(order.id)))) return []
    const what = ids.size === 0 ? 'and nobody was told' : `and mails say ${[...ids].join(' and ')}`
    return [{ promise: 'P4', about: order.id, what: `is ${order.status}, ${what}` }]
  })
  return [
    ...premature.map((about): Finding => ({ promise: 'P4', about: about || 'a mail', what: says(about) })),
    ...wrong,
  ]
}

function nothingOwed({ owed, queues = [] }: Records): Finding[] {
  const debts = owed.filter(({ messages, work }) => messages + work > 0)
  const full = queues.filter(({ active, deadLetter }) => active + deadLetter > 0)
  return [
    ...debts.map(
      ({ service, messages, work }): Finding => ({
        promise: 'P1',
        about: service,
        what: `still owes ${messages} messages and ${work} works`,
      }),
    ),
    ...full.map(
      ({ entity, active, deadLetter }): Finding => ({
        promise: 'P5',
        about: entity,
        what: `still has ${active} messages, and ${deadLetter} dead letters`,
      }),
    ),
  ]
}
