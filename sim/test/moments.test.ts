import type { CardProcessor } from '@flotilla/payment/outbound/card-processor'
import { describe, expect, it } from 'vitest'
import { databases, deadline, given, id, skew } from './books.ts'
import { start } from './worlds.ts'

describe('P1 at every moment', () => {
  it('holds when an order ends, and is looked at again', () => {
    const it = given()
    it.order('placed')
    it.order('cancelled')
    it.commit('order', `order:${id}`, 'price:TEA')
    expect(it.broken()).toEqual([])
  })

  it('is broken when an order ends again', () => {
    const it = given()
    it.order('cancelled')
    it.order('cancelled', start + 7)
    expect(it.broken()).toEqual([`P1 was cancelled at ${start}, is cancelled at ${start + 7}, and has ended 2 times`])
  })

  it('is broken when an order that has ended is gone', () => {
    const it = given()
    it.order('cancelled')
    databases.order.database.exec('DELETE FROM orders')
    it.commit('order', `order:${id}`)
    expect(it.broken()).toEqual([`P1 was cancelled at ${start}, is gone, and has ended 1 times`])
  })
})

describe('P3 at every moment', () => {
  it.each([
    ['nothing', []],
    ['499 eur', [[499, 0]]],
    ['400 eur', [[500, 100]]],
    ['500 usd', [[500, 0, 'usd']]],
    [
      '500 eur and 500 eur',
      [
        [500, 0],
        [500, 0],
      ],
    ],
  ] as const)('is broken when an order is confirmed for 500 EUR, and %s was paid', (paid, payments) => {
    const it = given()
    it.reservation('held', 1)
    for (const [received, refunded, currency] of payments) it.pay(received, refunded, currency)
    it.order('confirmed')
    expect(it.broken()).toEqual([`P3 is confirmed for 500 EUR, and ${paid} was paid`])
  })

  it('and P2 is broken when an order is confirmed whose stock is not taken', () => {
    const it = given()
    it.pay(500)
    it.order('confirmed')
    expect(it.broken()).toEqual(['P2 is confirmed, and its stock is not there'])
  })

  it('is broken when an order is paid twice, and not when the first was given back', () => {
    const it = given()
    it.payment('captured')
    it.pay(500, 500)
    it.pay(500)
    it.commit('payment', `payment:${id}`)
    expect(it.broken()).toEqual([])
    it.pay(500)
    it.commit('payment', `payment:${id}`)
    expect(it.broken()).toEqual(['P3 is paid 2 times: pi_1, pi_2'])
  })

  it('is broken when a payment goes back and its order is not cancelled', () => {
    const it = given()
    it.order('reserved')
    it.payment('refunding')
    it.commit('payment', `payment:${id}`)
    expect(it.broken()).toEqual(['P3 is reserved, and its payment is refunding'])
  })

  it.each([
    [deadline + skew, []],
    [deadline + skew + 1, [`P3 is charged ${skew + 1} ms after its deadline`]],
  ])('an order is not charged past its deadline, by any clock: at %i', async (now, broken) => {
    const it = given()
    it.payment('pending')
    it.time.leap(now)
    const asked: unknown[] = []
    const confirm: CardProcessor['confirm'] = async (...of) => {
      asked.push(of)
      return { status: 'succeeded' }
    }
    const processor = it.moments.watched({ confirm } as CardProcessor, it.life)
    expect(await processor.confirm('pi', id, 2)).toEqual({ status: 'succeeded' })
    expect(asked).toEqual([['pi', id, 2]])
    expect(it.broken()).toEqual(broken)
  })
})

describe('P4 at every moment', () => {
  const mail = (end: string, more: object = {}) => ({
    ...{ orderId: id, messageId: `<${id}.order-${end}@flotilla.test>`, to: 'ada@example.com', at: start },
    ...more,
  })

  it('holds when the end of an order is told, and told again', () => {
    const it = given()
    it.order('cancelled')
    it.moments.taken(mail('cancelled'))
    it.moments.taken(mail('cancelled'))
    expect(it.broken()).toEqual([])
  })

  it.each([
    ['an end that is not', 'reserved', mail('confirmed'), /^P4 is reserved, and the mail .*order-confirmed/],
    ['another end', 'cancelled', mail('confirmed'), /^P4 is cancelled, and the mail .*order-confirmed/],
    ['somebody else', 'cancelled', mail('cancelled', { to: 'eve@example.com' }), /^P4 is told to somebody else$/],
    ['no order', 'cancelled', mail('cancelled', { orderId: null }), /^P4 is in the mail .* and is no order$/],
  ])('is broken by a mail of %s', (_what, status, sent, what) => {
    const it = given()
    it.order(status)
    it.moments.taken(sent)
    expect(it.broken()).toEqual([expect.stringMatching(what)])
  })

  it('is broken by two Message-IDs of one end', () => {
    const it = given()
    it.order('cancelled')
    it.moments.taken(mail('cancelled'))
    it.moments.taken(mail('cancelled', { messageId: `<${id}.order-cancelled@elsewhere.test>` }))
    expect(it.broken()).toEqual([expect.stringMatching(/^P4 has two mails/)])
  })
})
