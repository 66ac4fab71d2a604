import { catalogue } from '@flotilla/up/seed'
import type { Finding } from '@flotilla/verify/check'
import type { OrderRecord } from '@flotilla/verify/records'
import { type Attempt, isFailed } from './attempts.ts'
import { plannedAt, scarce } from './fleet.ts'

/** A promise that is broken. P7 is ours: what was done to the fleet cost no order. */
export interface Found extends Omit<Finding, 'promise'> {
  readonly promise: Finding['promise'] | 'P7'
}

/** How the accepted orders ended. */
export interface Ends {
  readonly confirmed: number
  /** How many, by reason. */
  readonly cancelled: Readonly<Record<string, number>>
}

/** Counts the ends of what was accepted, and finds each that is another than was asked for. */
export function judgeEnds(
  attempts: readonly Attempt[],
  orders: readonly OrderRecord[],
): { readonly ends: Ends; readonly findings: readonly Found[] } {
  const records = new Map(orders.map((order) => [order.id, order]))
  const accepted = attempts
    .filter((attempt) => !isFailed(attempt))
    .map((attempt) => ({ id: attempt.said, asked: plannedAt(attempt.sequence), order: records.get(attempt.said) }))
  const wrong = accepted
    .filter(({ asked, order }) => !asked.ends.some((end) => end === endOf(order)))
    .map(({ id, order }) => found(id, saying(order)))
  const count = new Map<string, number>()
  for (const { order } of accepted) count.set(endOf(order), (count.get(endOf(order)) ?? 0) + 1)
  const { confirmed = 0, ...others } = Object.fromEntries(count)
  const isEnd = (end: string) => !['placed', 'reserved', missing].includes(end)
  return {
    ends: { confirmed, cancelled: Object.fromEntries(Object.entries(others).filter(([end]) => isEnd(end))) },
    findings: [...wrong, ...twice(accepted.map(({ id }) => id)), ...outOfStock(accepted)],
  }
}

const missing = 'not there'
const endOf = (order: OrderRecord | undefined): string => order?.reason ?? order?.status ?? missing
const saying = (order: OrderRecord | undefined) =>
  order?.status === 'cancelled' ? `was cancelled: ${order.reason}` : `is ${endOf(order)}, which was not asked for`
const found = (about: string, what: string): Found => ({ promise: 'P7', about, what })

/** Each request had a key of its own, so each is an order of its own. */
function twice(ids: readonly string[]): Found[] {
  const copies = [...Map.groupBy(ids, (id) => id)].filter(([, of]) => of.length > 1)
  return copies.map(([id, of]) => found(id, `was the answer to ${of.length} requests`))
}

/** Nobody is told that there is none of what there is. */
function outOfStock(
  accepted: readonly { asked: ReturnType<typeof plannedAt>; order: OrderRecord | undefined }[],
): Found[] {
  const asking = accepted.filter(({ asked }) => asked.order.lines.some(({ sku }) => sku === scarce))
  const confirmed = asking.filter(({ order }) => order?.status === 'confirmed').length
  const stock = catalogue.find(({ sku }) => sku === scarce)?.quantity ?? 0
  const due = Math.min(stock, asking.length)
  return confirmed === due ? [] : [found(scarce, `of ${asking.length} orders ${confirmed} are confirmed, not ${due}`)]
}
