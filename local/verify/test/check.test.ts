import { describe, expect, it } from 'vitest'
import { type CheckOptions, check } from '../src/check.ts'
import type { Records } from '../src/records.ts'
import { report } from '../src/report.ts'

const at = Date.UTC(2026, 0, 1)
const minute = 60_000
const long = at - 5 * minute

type Row<Key extends keyof Records> = Records[Key] extends readonly (infer Each)[] ? Each : never

const order = (id: string, more: Partial<Row<'orders'>> = {}): Row<'orders'> => ({
  ...{
    id,
    status: 'confirmed',
    total: 250,
    currency: 'EUR',
    deadline: at + 5 * minute,
    endedAt: long,
    reason: null,
    ends: 1,
  },
  ...more,
})
const intent = (orderId: string, more: Partial<Row<'intents'>> = {}): Row<'intents'> => ({
  ...{ id: `pi_${orderId}`, orderId, currency: 'eur', received: 250, refunded: 0 },
  ...more,
})
const payment = (orderId: string, more: Partial<Row<'payments'>> = {}): Row<'payments'> => ({
  ...{ orderId, status: 'captured', captured: 250, refunded: 0 },
  ...more,
})
const mail = (orderId: string, end: 'confirmed' | 'cancelled'): Row<'mails'> => ({
  orderId,
  messageId: `<${orderId}.order-${end}@flotilla.example>`,
})
const told = (orderId: string, end: 'confirmed' | 'cancelled', more: Partial<Row<'notifications'>> = {}) =>
  ({ orderId, status: 'sent', kind: `order-${end}`, ...more }) as Row<'notifications'>
const lines = [{ sku: 'TEA', quantity: 2 }]

/** Confirmed; declined; refunded after it was cancelled; out of stock, with a mail that was refused for good. */
const good: Records = {
  at,
  orders: [
    order('paid'),
    order('declined', { status: 'cancelled', reason: 'payment-declined' }),
    order('refunded', { status: 'cancelled', reason: 'expired' }),
    order('rejected', { status: 'cancelled', reason: 'out-of-stock' }),
  ],
  items: [{ sku: 'TEA', received: 10, available: 8, reserved: 0, sold: 2 }],
  receipts: [
    { sku: 'TEA', quantity: 7 },
    { sku: 'TEA', quantity: 3 },
  ],
  reservations: [
    { orderId: 'paid', status: 'sold', lines },
    { orderId: 'declined', status: 'released', lines },
    { orderId: 'refunded', status: 'released', lines },
    { orderId: 'rejected', status: 'rejected', lines: [] },
  ],
  payments: [
    payment('paid'),
    payment('declined', { status: 'declined', captured: 0 }),
    payment('refunded', { status: 'refunded', refunded: 250 }),
  ],
  intents: [intent('paid'), intent('declined', { received: 0 }), intent('refunded', { refunded: 250 })],
  mails: [mail('paid', 'confirmed'), mail('declined', 'cancelled'), mail('refunded', 'cancelled')],
  notifications: [
    told('paid', 'confirmed'),
    told('declined', 'cancelled'),
    told('refunded', 'cancelled'),
    told('rejected', 'cancelled', { status: 'failed' }),
  ],
  owed: [{ service: 'order', messages: 0, work: 0 }],
  queues: [{ entity: 'orders/Subscriptions/payment', active: 0, deadLetter: 0 }],
}

/** The records with some rows of one book changed, by what they are about. */
function but<Key extends 'orders' | 'items' | 'reservations' | 'payments' | 'intents' | 'notifications'>(
  book: Key,
  about: string,
  change: Partial<Row<Key>>,
): Records {
  const rows = good[book] as readonly unknown[] as readonly (Row<Key> & {
    id?: string
    orderId?: string
    sku?: string
  })[]
  const hit = ({ id, orderId, sku }: (typeof rows)[number]) => [id, orderId, sku].includes(about)
  return { ...good, [book]: rows.map((row) => (hit(row) ? { ...row, ...change } : row)) }
}
const without = <Key extends 'reservations' | 'payments' | 'intents' | 'mails' | 'notifications'>(
  book: Key,
  about: string,
): Records => ({ ...good, [book]: good[book].filter(({ orderId }) => orderId !== about) })

const found = (records: Records, options?: CheckOptions) =>
  check(records, options).map(({ promise, about }) => `${promise} ${about}`)

describe('books that are in order', () => {
  it.each([false, true])('give no finding (settled: %s)', (settled) => {
    expect(check(good, { settled, accepted: ['paid', 'declined', 'refunded', 'rejected'] })).toEqual([])
  })

  it('may hold a second copy of a mail: it has the same Message-ID', () => {
    const copied = { ...good, mails: [...good.mails, mail('paid', 'confirmed')] }
    expect(check(copied, { settled: true })).toEqual([])
    expect(report(copied, [])).toContain('(1 second copies)')
  })
})

const broken: [what: string, records: Records, finding: string][] = [
  ['P1: an order open past its deadline', but('orders', 'paid', late('placed')), 'P1 paid'],
  ['P1: a reserved order open past its deadline', but('orders', 'paid', late('reserved')), 'P1 paid'],
  ['P1: an order that ended after its deadline', but('orders', 'paid', { deadline: long - 5_001 }), 'P1 paid'],
  ['P1: an order that ended twice', but('orders', 'paid', { ends: 2 }), 'P1 paid'],
  ['P1: an order that ended without a word', but('orders', 'paid', { ends: 0 }), 'P1 paid'],
  ['P2: stock that vanished', but('items', 'TEA', { available: 7 }), 'P2 TEA'],
  ['P2: stock below zero', but('items', 'TEA', { available: -1, received: 1 }), 'P2 TEA'],
  ['P2: a receipt counted twice', but('items', 'TEA', { received: 13, available: 11 }), 'P2 TEA'],
  ['P2: stock reserved for nobody', but('items', 'TEA', { available: 7, reserved: 1 }), 'P2 TEA'],
  ['P2: stock sold twice', but('items', 'TEA', { available: 6, sold: 4 }), 'P2 TEA'],
  ['P2: a confirmed order without its stock', without('reservations', 'paid'), 'P2 paid'],
  ['P2: a cancelled order that holds stock', but('reservations', 'declined', { status: 'held' }), 'P2 declined'],
  ['P3: a confirmed order that is not paid', but('intents', 'paid', { received: 0 }), 'P3 paid'],
  ['P3: another amount', but('intents', 'paid', { received: 249 }), 'P3 paid'],
  ['P3: another currency', but('intents', 'paid', { currency: 'usd' }), 'P3 paid'],
  ['P3: a confirmed order refunded in part', but('intents', 'paid', { refunded: 1 }), 'P3 paid'],
  ['P3: a second charge', { ...good, intents: [...good.intents, intent('paid', { id: 'pi_2' })] }, 'P3 paid'],
  ['P3: a cancelled order whose money was kept', but('intents', 'refunded', { refunded: 0 }), 'P3 refunded'],
  ['P3: a refund in part', but('intents', 'refunded', { refunded: 249 }), 'P3 refunded'],
  ['P3: a charge for no order', { ...good, intents: [...good.intents, intent('nobody')] }, 'P3 nobody'],
  ['P3: a ledger that knows of no capture', but('payments', 'paid', { captured: 0 }), 'P3 paid'],
  ['P3: a ledger that knows of no refund', but('payments', 'refunded', { refunded: 0 }), 'P3 refunded'],
  ['P4: nobody was told', { ...without('mails', 'paid') }, 'P4 paid'],
  ['P4: nobody even meant to tell', { ...without('notifications', 'rejected') }, 'P4 rejected'],
  ['P4: the wrong end was told', swap('paid', mail('paid', 'cancelled')), 'P4 paid'],
  ['P4: both ends were told', { ...good, mails: [...good.mails, mail('paid', 'cancelled')] }, 'P4 paid'],
  ['P4: two Message-IDs', { ...good, mails: [...good.mails, second('paid')] }, 'P4 paid'],
  ['P4: a mail about no order', { ...good, mails: [...good.mails, mail('nobody', 'confirmed')] }, 'P4 nobody'],
]

function late(status: 'placed' | 'reserved') {
  return { status, endedAt: null, ends: 0, deadline: at - 5_001 }
}
function swap(orderId: string, by: Row<'mails'>): Records {
  return { ...good, mails: [...without('mails', orderId).mails, by] }
}
function second(orderId: string): Row<'mails'> {
  return { orderId, messageId: `<${orderId}.2.order-confirmed@flotilla.example>` }
}

describe('a broken promise is found, and by whom', () => {
  it.each(broken)('%s', (_what, records, finding) => {
    expect(found(records)).toContain(finding)
    expect(found(records, { settled: true })).toContain(finding)
    // The count of its SKU is wrong, too, where the reservation of an order is.
    const others = found(records).filter((each) => each.split(' ')[1] !== finding.split(' ')[1] && each !== 'P2 TEA')
    expect(others).toEqual([])
    expect(report(records, check(records))).toContain(`BROKEN ${finding.slice(0, 2)}`)
  })

  it('P4: a mail before the end', () => {
    const early = but('orders', 'paid', { status: 'reserved', endedAt: null, ends: 0 })
    expect(found(early)).toContain('P4 paid')
  })

  it('P6: an order answered with 202 that is not there', () => {
    expect(found(good, { accepted: ['paid', 'lost'] })).toEqual(['P6 lost'])
  })
})

describe('a busy fleet', () => {
  const open = { status: 'placed', endedAt: null, ends: 0 } as const
  const justEnded = (status: 'confirmed' | 'cancelled') => order('busy', { status, endedAt: at - 10 })

  it.each<[string, Partial<Records>]>([
    ['an order that was just placed', { orders: [order('busy', open)] }],
    ['an order 5 s past its deadline', { orders: [order('busy', { ...open, deadline: at - 5_000 })] }],
    ['an order whose stock is held', { orders: [order('busy', open)], ...held() }],
    ['a charge whose answer is not known', { orders: [order('busy', open)], intents: [intent('busy')], ...held() }],
    ['an end that nobody has heard of yet', { orders: [justEnded('confirmed')], intents: [intent('busy')], ...held() }],
    ['a cancellation that is on its way', { orders: [justEnded('cancelled')], intents: [intent('busy')], ...held() }],
    ['messages, work and dead letters', { owed: [{ service: 'order', messages: 1, work: 1 }], queues: queue(3, 1) }],
    [
      'a refund and a mail that wait for an outage to end',
      {
        orders: [order('busy', { status: 'cancelled' })],
        intents: [intent('busy')],
        payments: [payment('busy', { status: 'refunding' })],
        notifications: [told('busy', 'cancelled', { status: 'due' })],
      },
    ],
  ])('gives no false alarm: %s', (_what, more) => {
    expect(check(together(good, more))).toEqual([])
    expect(check(together(good, more), { settled: true })).not.toEqual([])
  })

  function held(): Partial<Records> {
    return {
      items: [{ sku: 'CUP', received: 2, available: 0, reserved: 2, sold: 0 }],
      receipts: [{ sku: 'CUP', quantity: 2 }],
      reservations: [{ orderId: 'busy', status: 'held', lines: [{ sku: 'CUP', quantity: 2 }] }],
    }
  }
})

it('lets an order end 5 s after its deadline, and any time after it when the order service was away', () => {
  expect(check(but('orders', 'paid', { deadline: long - 5_000 }), { settled: true })).toEqual([])
  const late = but('orders', 'paid', { deadline: long - 200_000 })
  expect(check(late).map(({ what }) => what)).toEqual(['is confirmed, 200000 ms after its deadline'])
  expect(check(late, { wasAway: true })).toEqual([])
})

it('says why orders were cancelled', () => {
  const line = '4 orders (1 confirmed, 3 cancelled: 1 payment-declined, 1 expired, 1 out-of-stock, 0 open)'
  expect(report(good, [])).toContain(line)
})

describe('when nothing is under way any more', () => {
  it.each<[string, Partial<Records>, string]>([
    ['P1: a message that was not sent', { owed: [{ service: 'order', messages: 1, work: 0 }] }, 'P1 order'],
    ['P1: work that was not done', { owed: [{ service: 'payment', messages: 0, work: 1 }] }, 'P1 payment'],
    ['P5: a message that nobody took', { queues: queue(1, 0) }, 'P5 orders/Subscriptions/order'],
    ['P5: a dead letter', { queues: queue(0, 1) }, 'P5 orders/Subscriptions/order'],
  ])('%s', (_what, more, finding) => {
    expect(found(together(good, more), { settled: true })).toEqual([finding])
  })
})

it('goes on without the queues of a broker that is not ours, and says that they are not checked', () => {
  const records = { ...good, queues: undefined }
  const findings = check(records, { settled: true })
  expect(findings).toEqual([])
  expect(report(records, findings)).toContain('unknown dead letters\nnot checked: the broker is not the stand-in')
  expect(report(good, findings)).not.toContain('not checked')
})

function queue(active: number, deadLetter: number): Records['queues'] {
  return [{ entity: 'orders/Subscriptions/order', active, deadLetter }]
}

function together(records: Records, more: Partial<Records>): Records {
  const joined = Object.entries(more).map(([book, rows]) => [
    book,
    [...(records[book as keyof Records] as readonly unknown[]), ...(rows as readonly unknown[])],
  ])
  return { ...records, ...Object.fromEntries(joined) }
}
