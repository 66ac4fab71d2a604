import { describe, expect, it } from 'vitest'
import { decide } from '../src/domain/decide.ts'
import { evolve } from '../src/domain/evolve.ts'
import { absent, type OrderCommand, type OrderEvent, type Place } from '../src/domain/order.ts'

const orderId = '01900000-0000-7000-8000-000000000001'
const placedAt = 1_000
const deadline = 601_000
const who = { customer: 'issuer|ada', email: 'ada@example.com', paymentMethod: 'pm_card_visa' }
const place: Place = {
  type: 'Place',
  orderId,
  ...who,
  lines: [{ sku: 'TEA-1', quantity: 2 }],
  prices: new Map([
    ['TEA-1', { price: 450, currency: 'EUR' }],
    ['POT-1', { price: 2500, currency: 'EUR' }],
    ['MUG-US', { price: 900, currency: 'USD' }],
    ['GOLD', { price: Number.MAX_SAFE_INTEGER, currency: 'EUR' }],
  ]),
  at: placedAt,
  deadline,
}
const lines = [{ sku: 'TEA-1', quantity: 2, unitPrice: 450 }]
const placed: OrderEvent = { type: 'Placed', orderId, ...who, currency: 'EUR', total: 900, lines, placedAt, deadline }
const reserved: OrderEvent = { type: 'StockReserved' }
const captured: OrderEvent = { type: 'PaymentCaptured', amount: 900 }
const confirmed: OrderEvent = { type: 'Confirmed', at: 2_000 }
const cancelled = (paymentDue: boolean): OrderEvent => ({ type: 'Cancelled', reason: 'expired', paymentDue, at: 2_000 })

const at = 3_000
const money = { amount: 900, currency: 'EUR' }
const hearReserved = { type: 'HearStockReserved', orderId, at } as const
const hearRejected = { type: 'HearStockRejected', orderId, reason: 'out-of-stock', at } as const
const hearCaptured = { type: 'HearPaymentCaptured', orderId, ...money, at } as const
const hearDeclined = { type: 'HearPaymentDeclined', orderId, reason: 'generic_decline', at } as const
const hearRefunded = { type: 'HearPaymentRefunded', orderId, ...money, at } as const
const hearSent = { type: 'HearNotification', orderId, kind: 'order-confirmed', result: 'sent', at } as const

const given = (...events: OrderEvent[]) => ({
  when(command: OrderCommand) {
    const decision = decide(events.reduce(evolve, absent), command)
    return decision.accepted ? decision.events : decision.refusal.code
  },
})

describe('placing an order', () => {
  it('takes its prices from the price list and adds up its total', () => {
    expect(given().when(place)).toEqual([placed])
  })
  it('happens once', () => {
    expect(given(placed).when(place)).toBe('already-placed')
  })
  it.each([
    ['a SKU that the price list does not know', { lines: [{ sku: 'NOPE', quantity: 1 }] }, 'unknown-sku'],
    ['a SKU that occurs twice', { lines: [place.lines[0], place.lines[0]] as Place['lines'] }, 'repeated-sku'],
    [
      'two currencies',
      {
        lines: [
          { sku: 'TEA-1', quantity: 1 },
          { sku: 'MUG-US', quantity: 1 },
        ],
      },
      'mixed-currencies',
    ],
    ['a total beyond exact integers', { lines: [{ sku: 'GOLD', quantity: 2 }] }, 'total-too-large'],
    ['a total that is not the expected one', { expectedTotal: 899 }, 'price-changed'],
  ])('is refused for %s', (_what, change, refusal) => {
    expect(given().when({ ...place, ...change })).toBe(refusal)
  })
  it('takes the total that was expected', () => {
    expect(given().when({ ...place, expectedTotal: 900 })).toEqual([placed])
  })
})

describe('the saga', () => {
  it('asks for payment when the stock is held', () => {
    expect(given(placed).when(hearReserved)).toEqual([reserved])
  })
  it('confirms when the payment is captured', () => {
    expect(given(placed, reserved).when(hearCaptured)).toEqual([captured, { type: 'Confirmed', at }])
  })
  it('cancels when the stock is rejected, with nothing to pay back', () => {
    expect(given(placed).when(hearRejected)).toEqual([
      { type: 'StockRejected', reason: 'out-of-stock' },
      { type: 'Cancelled', reason: 'out-of-stock', paymentDue: false, at },
    ])
  })
  it('cancels when the payment is declined', () => {
    expect(given(placed, reserved).when(hearDeclined)).toEqual([
      { type: 'PaymentDeclined', reason: 'generic_decline' },
      { type: 'Cancelled', reason: 'payment-declined', paymentDue: true, at },
    ])
  })
  it('calls a payment that came too late expired', () => {
    expect(given(placed, reserved).when({ ...hearDeclined, reason: 'expired' })).toContainEqual({
      type: 'Cancelled',
      reason: 'expired',
      paymentDue: true,
      at,
    })
  })
  it('cancels at its deadline, once', () => {
    const expire = { type: 'Expire', orderId, at: deadline } as const
    const expired = { type: 'Cancelled', reason: 'expired', at: deadline }
    expect(given(placed).when(expire)).toEqual([{ ...expired, paymentDue: false }])
    expect(given(placed, reserved).when(expire)).toEqual([{ ...expired, paymentDue: true }])
    expect(given(placed, reserved, captured, confirmed).when(expire)).toEqual([])
    expect(given(placed, cancelled(false)).when(expire)).toEqual([])
  })
  it('asks for no payment past its deadline', () => {
    expect(given(placed).when({ ...hearReserved, at: deadline })).toEqual([
      reserved,
      { type: 'Cancelled', reason: 'expired', paymentDue: false, at: deadline },
    ])
  })
  it('confirms nothing past its deadline', () => {
    expect(given(placed, reserved).when({ ...hearCaptured, at: deadline })).toEqual([
      captured,
      { type: 'Cancelled', reason: 'expired', paymentDue: true, at: deadline },
    ])
  })
})

describe('a customer', () => {
  const cancel = { type: 'Cancel', orderId, at } as const
  it('may cancel until the order is confirmed', () => {
    expect(given(placed).when(cancel)).toEqual([
      { type: 'Cancelled', reason: 'customer-request', paymentDue: false, at },
    ])
    expect(given(placed, reserved, captured, confirmed).when(cancel)).toBe('already-confirmed')
  })
  it('may cancel twice', () => {
    expect(given(placed, cancelled(false)).when(cancel)).toEqual([])
  })
})

describe('news that comes late or twice', () => {
  it.each([
    ['stock reserved again', [placed, reserved], hearReserved, []],
    ['stock reserved after the confirmation', [placed, reserved, captured, confirmed], hearReserved, []],
    ['stock reserved after the cancellation', [placed, cancelled(false)], hearReserved, [reserved]],
    ['captured again', [placed, reserved, captured, confirmed], hearCaptured, []],
    ['captured after the cancellation', [placed, reserved, cancelled(true)], hearCaptured, [captured]],
  ] as [string, OrderEvent[], OrderCommand, OrderEvent[]][])('is accepted: %s', (_what, history, news, events) => {
    expect(given(...history).when(news)).toEqual(events)
  })
  it('ends no order a second time', () => {
    const ended = given(placed, reserved, cancelled(true))
    for (const news of [hearRejected, hearDeclined, hearCaptured, hearReserved]) {
      expect(ended.when(news)).not.toContainEqual(expect.objectContaining({ type: 'Cancelled' }))
      expect(ended.when(news)).not.toContainEqual(expect.objectContaining({ type: 'Confirmed' }))
    }
  })
})

describe('news that contradicts the order', () => {
  it.each([
    ['stock rejected after it was reserved', [placed, reserved], hearRejected],
    ['a capture that was never due', [placed], hearCaptured],
    ['a capture after a cancellation that had nothing due', [placed, cancelled(false)], hearCaptured],
    ['a capture of another amount', [placed, reserved], { ...hearCaptured, amount: 1 }],
    ['a decline after a cancellation that had nothing due', [placed, cancelled(false)], hearDeclined],
    ['a decline after the confirmation', [placed, reserved, captured, confirmed], hearDeclined],
    ['a refund of a confirmed order', [placed, reserved, captured, confirmed], hearRefunded],
    ['a mail about the other end', [placed, reserved, cancelled(true)], hearSent],
  ] as [string, OrderEvent[], OrderCommand][])('is refused: %s', (_what, history, news) => {
    expect(given(...history).when(news)).toBe('contradiction')
  })
  it('is refused for an order that nobody placed', () => {
    for (const news of [hearReserved, hearRejected, hearCaptured, hearDeclined, hearRefunded, hearSent]) {
      expect(given().when(news)).toBe('unknown-order')
    }
  })
})
