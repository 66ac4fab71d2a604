import type { OrderRecord } from '@flotilla/verify/records'
import { describe, expect, it } from 'vitest'
import { type Attempt, isFailed } from '../src/attempts.ts'
import { judgeEnds } from '../src/ends.ts'
import { type End, planned, scarce } from '../src/fleet.ts'

const rounds = 60
const attempts: readonly Attempt[] = Array.from({ length: rounds * planned.length }, (_, sequence) => {
  return { door: 'the gateway', sequence, at: sequence, took: 4, status: 202, said: `order-${sequence}` }
})
const turnOf = (what: (of: (typeof planned)[number]) => boolean) => planned.findIndex(what)
const declined = turnOf(({ ends }) => ends.includes('payment-declined'))
const pot = turnOf(({ order }) => order.lines.some(({ sku }) => sku === scarce))

const record = (id: string, end: End | 'expired' | 'placed'): OrderRecord => {
  const isCancelled = end !== 'confirmed' && end !== 'placed'
  const status = isCancelled ? 'cancelled' : end
  return { id, status, total: 1, currency: 'EUR', deadline: 9, endedAt: 1, reason: isCancelled ? end : null, ends: 1 }
}

/** As it must be: 50 pots, and whoever asks later is told that there is none. */
const asAsked = (): OrderRecord[] =>
  attempts.map(({ said, sequence }) => {
    const [first = 'confirmed'] = planned[sequence % planned.length]?.ends ?? []
    return record(said, sequence % planned.length === pot && sequence / planned.length >= 50 ? 'out-of-stock' : first)
  })

const but = (sequence: number, end: End | 'expired' | 'placed') =>
  asAsked().map((order) => (order.id === `order-${sequence}` ? record(order.id, end) : order))
const found = (orders: readonly OrderRecord[], of = attempts) =>
  judgeEnds(of, orders).findings.map(({ promise, about, what }) => `${promise} ${about} ${what}`)

describe('the ends of the orders', () => {
  it('are what was asked for: confirmed, declined, out of stock', () => {
    expect(judgeEnds(attempts, asAsked())).toEqual({
      ends: { confirmed: 9 * rounds + 50, cancelled: { 'payment-declined': rounds, 'out-of-stock': 10 } },
      findings: [],
    })
  })

  it.each<[string, readonly OrderRecord[], string]>([
    ['a plain order expires', but(0, 'expired'), 'P7 order-0 was cancelled: expired'],
    ['a plain order is declined', but(0, 'payment-declined'), 'P7 order-0 was cancelled: payment-declined'],
    [
      'a declined card is charged',
      but(declined, 'confirmed'),
      `P7 order-${declined} is confirmed, which was not asked`,
    ],
    ['an order has no end', but(0, 'placed'), 'P7 order-0 is placed'],
    ['an order is gone', asAsked().slice(1), 'P7 order-0 is not there'],
    ['what there is is refused', but(pot, 'out-of-stock'), `P7 ${scarce} of 60 orders 49 are confirmed, not 50`],
  ])('are wrong when %s', (_, orders, what) => {
    expect(found(orders).join('\n')).toContain(what)
    expect(found(orders)).toHaveLength(1)
  })

  it('are wrong when two requests made one order', () => {
    const [first, second, ...others] = attempts as [Attempt, Attempt, ...Attempt[]]
    expect(found(asAsked(), [first, { ...second, said: first.said }, ...others])).toEqual([
      'P7 order-0 was the answer to 2 requests',
    ])
  })

  it('all expired: one finding each, and none is confirmed', () => {
    const { ends, findings } = judgeEnds(
      attempts,
      attempts.map(({ said }) => record(said, 'expired')),
    )
    expect(ends).toEqual({ confirmed: 0, cancelled: { expired: attempts.length } })
    expect(findings).toHaveLength(attempts.length + 1)
  })

  it('are asked of what was accepted only', () => {
    const refused = attempts.map((it) => (it.sequence < 22 ? { ...it, status: 503, said: 'busy' } : it))
    expect(refused.filter(isFailed)).toHaveLength(22)
    expect(found(asAsked(), refused)).toEqual([`P7 ${scarce} of 58 orders 48 are confirmed, not 50`])
  })
})
