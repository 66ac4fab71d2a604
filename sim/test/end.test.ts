import { describe, expect, it } from 'vitest'
import {
  blob,
  type Case,
  type Change,
  deadline,
  found,
  happened,
  hindrances,
  kept,
  mail,
  type Told,
  undone,
  write,
} from './ends.ts'
import { start } from './worlds.ts'

function measured(cases: readonly Case[]) {
  const named = cases.map(([what, change, expected]) => {
    return [what, expected.length === 0 ? 'kept' : 'broken', change, expected] as const
  })
  it.each(named)('%s: %s', (_what, _is, change, expected) => {
    expect(found(change)).toEqual(expected)
  })
}

it('on good books every rule is kept', () => {
  expect(found(() => undefined)).toEqual([])
})

describe('P1: an order ends 5 s after its deadline at the latest', () => {
  /** The first order ends so long after its deadline. */
  const ends =
    (after: number | null, ...of: Told[]): Change =>
    ({ records, ledger }) => ({
      records: {
        ...records,
        orders: records.orders.map((it) => ({ ...it, endedAt: after && deadline + after })).slice(0, 1),
      },
      ledger: { ...ledger, ends: new Map() },
      hindrances: hindrances(deadline, ...of),
    })
  const late = (by: number) => [`P1 ${kept} ended ${by} ms after its deadline, or what hindered it`]
  const skewed =
    (change: Change): Change =>
    (end) => ({ ...change(end), settings: { ...end.settings, skew: 50 } })
  const storedAfter =
    (by: number, change: Change): Change =>
    (end) => ({ ...change(end), storedAt: new Map([[kept, deadline + by]]) })
  measured([
    ['its commit was so slow that it was not there before', storedAfter(7_000, ends(12_000)), []],
    ['and 5 s passed since then', storedAfter(7_000, ends(12_001)), late(5_001)],
    ['5,000 ms are not too late', ends(5_000), []],
    ['5,001 ms are', ends(5_001), late(5_001)],
    ['two clocks may be apart: twice the skew is allowed', skewed(ends(5_100)), []],
    ['and no more than that', skewed(ends(5_101)), late(5_101)],
    ['its database was away until 5 s before', ends(65_000, ['order-db', -1_000, 60_000]), []],
    ['its database came back 5,001 ms before', ends(65_001, ['order-db', -1_000, 60_000]), late(5_001)],
    ['its database was back before the deadline', ends(5_001, ['order-db', -9_000, -1]), late(5_001)],
    ['its database went away 5 s after the deadline', ends(65_000, ['order-db', 5_000, 60_000]), []],
    ['its database went away later than that', ends(65_000, ['order-db', 5_001, 60_000]), late(65_000)],
    ['one outage follows another', ends(65_000, ['order-db', 15_000, 60_000], ['order-db', 0, 10_000]), []],
    [
      'one outage follows another later',
      ends(65_000, ['order-db', 15_001, 60_000], ['order-db', 0, 10_000]),
      late(55_000),
    ],
    ['the database of another was away', ends(5_001, ['payment-db', -1_000, 60_000]), late(5_001)],
    ['another process died amid trouble', ends(5_001, ['order-db', -9_000, -1], ['payment', 1]), late(5_001)],
    ['a process died, and nothing else', ends(5_001, ['order', 1]), late(5_001)],
    ['a process died on top of an outage', ends(8_000, ['order-db', -9_000, -2_000], ['order', 3_000]), []],
    ['and 5 s passed since then', ends(8_001, ['order-db', -9_000, -2_000], ['order', 3_000]), late(5_001)],
    ['a process died long after an outage', ends(8_000, ['order-db', -9_000, -2_001], ['order', 3_000]), late(8_000)],
    ['a process died on top of a death', ends(8_000, ['order', 3_000], ['order', 0]), []],
    ['it has not ended', ends(null), []],
  ])
})

describe('P6: what somebody was told is so', () => {
  const told =
    (id: string, end: string): Change =>
    ({ ledger }) => ({ ledger: { ...ledger, ends: new Map([[id, end]]) } })
  const set =
    (price: number | 'several'): Change =>
    ({ ledger }) => ({ ledger: { ...ledger, prices: new Map([['TEA', price]]) } })
  measured([
    ['nobody was told', ({ ledger }) => ({ ledger: { ...ledger, ends: new Map() } }), []],
    ['another end', told(kept, 'cancelled'), [`P6 ${kept} was said to be cancelled, and is confirmed`]],
    ['no such order', told('o9', 'confirmed'), ['P6 o9 was said to be confirmed, and is not there']],
    ['another price', set(300), ['P6 TEA was set to 300, and costs 250']],
    ['one of several prices', set('several'), []],
    ['a price that nobody set', ({ ledger }) => ({ ledger: { ...ledger, prices: new Map() } }), []],
  ])
})

describe('P5: at most one effect', () => {
  const receipt =
    (name: string, sku: string, quantity: number): Change =>
    ({ ledger }) => ({
      ledger: { ...ledger, receipts: new Map([...ledger.receipts, [name, { sku, quantity }]]) },
    })
  const letter = { id: 'order:1.0', topic: 'orders', type: 'order.placed', correlationId: 'o1', body: '{}' }
  measured([
    [
      'two orders under one key',
      () => write('order', `UPDATE orders SET body = '{"email":"o1@example.com"}'`),
      ['P5 o1@example.com has 2 orders under one key'],
    ],
    [
      'a receipt that did not count',
      receipt('r2', 'TEA', 3),
      ['P5 TEA 13 pieces were received, and 10 are in the books'],
    ],
    [
      'a receipt that counted twice',
      () => write('inventory', 'UPDATE item SET received = 14, available = 12'),
      ['P5 TEA 10 pieces were received, and 14 are in the books'],
    ],
    [
      'a receipt of what is not listed',
      receipt('r2', 'MUG', 3),
      ['P5 MUG 3 pieces were received, and none are in the books'],
    ],
    [
      'pieces that nobody received',
      ({ ledger }) => ({ ledger: { ...ledger, receipts: new Map() } }),
      ['P5 TEA 0 pieces were received, and 10 are in the books'],
    ],
    [
      'an order that was confirmed twice',
      () => happened('order', `order:${kept}`, ['Confirmed'], 9),
      [`P5 order:${kept} Confirmed happened more than once`],
    ],
    [
      'stock that was sold twice',
      () => happened('inventory', `reservation:${kept}`, ['Sold'], 9),
      [`P5 reservation:${kept} Sold happened more than once`],
    ],
    [
      'a payment that was captured twice',
      () => happened('payment', `payment:${kept}`, ['Captured'], 9),
      [`P5 payment:${kept} Captured happened more than once`],
    ],
    ['the same of another order', () => happened('payment', `payment:${undone}`, ['Due', 'Captured']), []],
    ['an item may be received more than once', () => happened('inventory', 'item:TEA', ['Received'], 9), []],
    [
      'a notification that was sent twice',
      () => ({ told: new Map([['notification:o1', ['Due', 'Sent', 'Sent']]]) }),
      ['P5 notification:o1 Sent happened more than once'],
    ],
    [
      'a price list of other prices',
      () => write('order', 'UPDATE price SET price = 300'),
      ['P5 TEA is listed as 2: 250, and the price list has 2: 300'],
    ],
    [
      'a price list that is behind',
      () => write('order', 'UPDATE price SET listing = 1'),
      ['P5 TEA is listed as 2: 250, and the price list has 1: 250'],
    ],
    [
      'an empty price list',
      () => write('order', 'DELETE FROM price'),
      ['P5 TEA is listed as 2: 250, and the price list has nothing'],
    ],
    [
      'a dead letter',
      () => ({ deadLetters: [{ queue: 'payment', message: letter, reason: 'refused', description: 'why' }] }),
      ['P5 payment order:1.0 is a dead letter: refused: why'],
    ],
  ])
})

describe('P5: where nothing goes wrong, nothing is done twice', () => {
  const twice: Change = () => ({ duplicates: 2 })
  const charged: Change = ({ records }) => ({
    records: { ...records, intents: [...records.intents, ...records.intents] },
  })
  const struck =
    (change: Change): Change =>
    (end) => ({ ...change(end), struck: 1 })
  const hindered =
    (change: Change): Change =>
    (end) => ({ ...change(end), hindrances: hindrances(start, ['broker', 1]) })
  const sent = ['P5 the broker was sent 2 messages twice, for no reason']
  const intents = [`P5 ${kept} has 2 intents, for no reason`]
  measured([
    ['messages twice', twice, sent],
    ['messages twice, and a fault struck', struck(twice), []],
    ['messages twice, and something hindered', hindered(twice), []],
    ['intents twice', charged, intents],
    ['intents twice, and a fault struck', struck(charged), []],
    ['intents twice, and something hindered', hindered(charged), []],
  ])
})

describe('P4: only who has no mailbox is told nothing, and a second copy needs a crash or a lost answer', () => {
  const gap = 60_000
  /** Copies of one mail, `gap` apart; moments are told from the first one. */
  const again =
    (copies: number, ...of: Told[]): Change =>
    () => ({
      wire: Array.from({ length: copies }, (_, index) => ({ messageId: mail, at: start + index * gap })),
      hindrances: hindrances(start, ...of),
    })
  const sent = `P4 ${mail} was sent again, without a crash`
  const givenUp = `P4 ${kept} was given up, though its mail was not refused for good`
  const failed: Change = ({ records }) => ({
    records: { ...records, notifications: [{ orderId: kept, status: 'failed', kind: 'order-confirmed' }] },
  })
  const refused =
    (id: string): Change =>
    (end) => {
      write('order', `UPDATE orders SET body = '{"email":"refused.o1@example.com"}' WHERE id = ${blob(id)}`)
      return failed(end)
    }
  measured([
    ['two copies', again(2), [sent]],
    ['three copies', again(3), [sent, sent]],
    ['a process died between them', again(2, ['notification', 500]), []],
    ['a process died before the third', again(3, ['notification', gap + 9_000]), [sent]],
    ['a process died after them', again(2, ['notification', gap + 1]), [sent]],
    ['a process died hours before', again(2, ['notification', -7_200_000]), [sent]],
    ['a process of another service died', again(2, ['order', 500]), [sent]],
    ['an answer was lost between them', again(2, ['mail-server', 500, 500, 'unsure']), []],
    ['an answer was waited for as long as anybody waits', again(2, ['mail-server', -9_000, -8_000, 'unsure']), []],
    ['an answer was lost earlier', again(2, ['mail-server', -9_000, -8_001, 'unsure']), [sent]],
    ['an answer was lost hours before', again(2, ['mail-server', -7_200_000, -7_200_000, 'unsure']), [sent]],
    ['the mail server refused', again(2, ['mail-server', 500]), [sent]],
    ['an answer of the database was lost', again(2, ['notification-db', 500, 500, 'unsure']), [sent]],
    ['the database was away for 15 s', again(2, ['notification-db', 500, 15_500]), [sent]],
    ['the database was away for longer', again(2, ['notification-db', 500, 15_501]), []],
    [
      'the database was away for longer, in two',
      again(2, ['notification-db', 0, 8_000], ['notification-db', 9_000, 16_001]),
      [],
    ],
    ['it was away, and was before', again(2, ['notification-db', -7_000, -6_000], ['notification-db', 0, 15_001]), []],
    ['it was away twice at once', again(2, ['notification-db', 0, 9_000], ['notification-db', 1, 9_001]), [sent]],
    ['the database was away for most of it before', again(2, ['notification-db', -50_000, 15_000]), [sent]],
    ['the database was away for most of it after', again(2, ['notification-db', gap - 15_000, gap + 50_000]), [sent]],
    ['another database was away for longer', again(2, ['order-db', 500, 15_501]), [sent]],
    ['given up, and not refused', failed, [givenUp]],
    ['given up, and refused for good', refused(kept), []],
    ['given up, and another is refused for good', refused(undone), [givenUp]],
  ])
})
