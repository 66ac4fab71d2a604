import type { End } from './end.ts'
import type { Finding } from './world.ts'

/** Milliseconds. */
const lateAfterDeadline = 5_000

/**
 * P1: at most 5 s late, as long as the order service and its database are up. A crash is made up for within these 5 s; only
 * one that comes on top of other trouble takes 5 s of its own. A commit can be so slow that its order is there only past its
 * deadline; it is late from then on. Replicas' clocks differ.
 */
export function punctual({ settings: { skew }, hindrances, records, storedAt }: End): Finding[] {
  const allowed = lateAfterDeadline + 2 * skew
  const trouble = hindrances
    .filter(({ what }) => what === 'order-db' || what === 'order')
    .sort((one, other) => one.from - other.from)
  return records.orders.flatMap(({ id, deadline, endedAt }): Finding[] => {
    let excused = Math.max(deadline, storedAt.get(id) ?? deadline)
    let troubled = Number.NEGATIVE_INFINITY
    for (const { what, from, to } of trouble) {
      const isExcuse = what === 'order-db' || from - troubled <= allowed
      if (isExcuse && from <= excused + allowed) excused = Math.max(excused, to)
      troubled = Math.max(troubled, to)
    }
    const late = Math.round((endedAt ?? 0) - excused)
    if (late <= allowed) return []
    return [{ promise: 'P1', about: id, what: `ended ${late} ms after its deadline, or what hindered it` }]
  })
}

/** P1, P6: what somebody was told is how it is. */
export function asTold({ records: { orders }, ledger: { ends } }: End): Finding[] {
  const statusOf = new Map(orders.map(({ id, status }) => [id, status as string]))
  return [...ends].flatMap(([id, said]): Finding[] => {
    const is = statusOf.get(id) ?? 'not there'
    return is === said ? [] : [{ promise: 'P6', about: id, what: `was said to be ${said}, and is ${is}` }]
  })
}

/** P5: each customer's wish is one order. */
export function once({ rows }: End): Finding[] {
  const sql = "SELECT body ->> 'email' AS email, count(*) AS n FROM orders GROUP BY 1 HAVING n > 1"
  return rows<{ email: string; n: number }>('order', sql).map(({ email, n }) => {
    return { promise: 'P5', about: email, what: `has ${n} orders under one key` }
  })
}

/** The ways through the saga that orders took. */
export function pathsOf({ records: { orders, reservations, payments, notifications }, rows }: End): string[] {
  const reasons = rows<{ reason: string }>('order', 'SELECT reason FROM orders WHERE reason IS NOT NULL')
  return [
    ...orders.map(({ status }) => `order ${status}`),
    ...reasons.map(({ reason }) => `order cancelled: ${reason}`),
    ...reservations.map(({ status }) => `stock ${status}`),
    ...payments.map(({ status }) => `payment ${status}`),
    ...notifications.map(({ kind, status }) => `mail ${kind} ${status}`),
  ]
}
