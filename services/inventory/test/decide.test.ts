import { describe, expect, it } from 'vitest'
import { decide } from '../src/domain/decide.ts'
import { evolve } from '../src/domain/evolve.ts'
import type { Stock, StockCommand, StockEvent } from '../src/domain/stock.ts'

const orderId = '01900000-0000-7000-8000-000000000001'
const at = 1_000
const deadline = 601_000
const tea = { sku: 'TEA-1', name: 'Tea', price: 450, currency: 'EUR' }
const pot = { sku: 'POT-1', name: 'Pot', price: 2500, currency: 'EUR' }
const listed: StockEvent[] = [
  { type: 'Listed', ...tea, listing: 1 },
  { type: 'Listed', ...pot, listing: 1 },
  { type: 'Received', receiptId: 'r1', sku: 'TEA-1', quantity: 10, at },
  { type: 'Received', receiptId: 'r2', sku: 'POT-1', quantity: 1, at },
]
const lines = [
  { sku: 'TEA-1', quantity: 4 },
  { sku: 'POT-1', quantity: 1 },
]
const reserve = { type: 'Reserve', orderId, lines, at, deadline } as const
const sell = { type: 'Sell', orderId, at } as const
const release = { type: 'Release', orderId, at, deadline } as const
const reserved: StockEvent = { type: 'Reserved', orderId, status: 'held', lines, at, deadline }
const shut: StockEvent = { type: 'Shut', orderId, status: 'shut', lines: [], at, deadline }

const empty: Stock = { items: new Map() }
/** The receipt of an earlier command is not part of the next command's stock. */
const stockAfter = (events: StockEvent[]): Stock => ({ ...events.reduce(evolve, empty), receipt: undefined })
const given = (...events: StockEvent[]) => ({
  when(command: StockCommand) {
    const decision = decide(stockAfter(events), command)
    return decision.accepted ? decision.events : decision.refusal.code
  },
})
const shelf = (sku: string, ...events: StockEvent[]) => {
  const { received, available, reserved, sold } = stockAfter(events).items.get(sku) ?? {}
  return { received, available, reserved, sold }
}

describe('P2: stock is conserved', () => {
  it('when it is received, reserved, sold or given back', () => {
    expect(shelf('TEA-1', ...listed)).toEqual({ received: 10, available: 10, reserved: 0, sold: 0 })
    expect(shelf('TEA-1', ...listed, reserved)).toEqual({ received: 10, available: 6, reserved: 4, sold: 0 })
    expect(shelf('TEA-1', ...listed, reserved, { type: 'Sold' })).toEqual({
      received: 10,
      available: 6,
      reserved: 0,
      sold: 4,
    })
    expect(shelf('TEA-1', ...listed, reserved, { type: 'Released' })).toEqual({
      received: 10,
      available: 10,
      reserved: 0,
      sold: 0,
    })
  })
  it('takes all lines of an order or none', () => {
    const tooMany = [lines[0], { sku: 'POT-1', quantity: 2 }] as typeof lines
    expect(given(...listed).when({ ...reserve, lines: tooMany })).toEqual([
      { type: 'Rejected', orderId, status: 'rejected', lines: [], reason: 'out-of-stock', sku: 'POT-1', at, deadline },
    ])
  })
  it('adds up lines with the same SKU before it compares', () => {
    const twice = [
      { sku: 'TEA-1', quantity: 6 },
      { sku: 'TEA-1', quantity: 6 },
    ]
    expect(given(...listed).when({ ...reserve, lines: twice })).toMatchObject([{ reason: 'out-of-stock' }])
  })
})

describe('a reservation', () => {
  it('holds what was asked for', () => {
    expect(given(...listed).when(reserve)).toEqual([reserved])
  })
  it('is rejected for a SKU that is not listed', () => {
    expect(given().when(reserve)).toMatchObject([{ type: 'Rejected', reason: 'unknown-sku', sku: 'TEA-1' }])
  })
  it('is rejected past the deadline', () => {
    expect(given(...listed).when({ ...reserve, at: deadline })).toMatchObject([{ type: 'Rejected', reason: 'expired' }])
  })
  it('is sold when its order is confirmed, once', () => {
    expect(given(...listed, reserved).when(sell)).toEqual([{ type: 'Sold' }])
    expect(given(...listed, reserved, { type: 'Sold' }).when(sell)).toEqual([])
  })
  it('is given back when its order is cancelled, once', () => {
    expect(given(...listed, reserved).when(release)).toEqual([{ type: 'Released' }])
    expect(given(...listed, reserved, { type: 'Released' }).when(release)).toEqual([])
  })
  it('takes nothing when the cancellation came first', () => {
    expect(given(...listed).when(release)).toEqual([shut])
    expect(given(...listed, shut).when(reserve)).toEqual([])
  })
  it('is taken once, however often the order is placed', () => {
    expect(given(...listed, reserved).when(reserve)).toEqual([])
    expect(given(...listed, reserved, { type: 'Released' }).when(reserve)).toEqual([])
  })
  it('refuses what contradicts it', () => {
    expect(given(...listed).when(sell)).toBe('contradiction')
    expect(given(...listed, reserved, { type: 'Released' }).when(sell)).toBe('contradiction')
    expect(given(...listed, reserved, { type: 'Sold' }).when(release)).toBe('contradiction')
  })
})

describe('the catalogue', () => {
  const list = { type: 'List', ...tea, expected: { absent: true } } as const
  it('lists a new SKU', () => {
    expect(given().when(list)).toEqual([{ type: 'Listed', ...tea, listing: 1 }])
  })
  it('changes a SKU only for who knows its listing', () => {
    const change = { ...list, price: 500 }
    expect(given(...listed).when(change)).toBe('listing-changed')
    expect(given(...listed).when({ ...change, expected: { listing: 7 } })).toBe('listing-changed')
    expect(given(...listed).when({ ...change, expected: { listing: 1 } })).toEqual([
      { type: 'Relisted', ...tea, price: 500, listing: 2 },
    ])
    expect(given().when({ ...change, expected: { listing: 1 } })).toBe('unknown-sku')
  })
  it('says nothing when nothing changes', () => {
    expect(given(...listed).when({ ...list, expected: { listing: 1 } })).toEqual([])
  })
  it('keeps its stock when its price changes', () => {
    const relisted: StockEvent = { type: 'Relisted', ...tea, price: 500, listing: 2 }
    expect(shelf('TEA-1', ...listed, relisted).available).toBe(10)
  })
  it('receives stock of what is listed only, and not without end', () => {
    const receive = { type: 'Receive', receiptId: 'r3', sku: 'TEA-1', quantity: 5, at } as const
    expect(given(...listed).when(receive)).toEqual([{ ...receive, type: 'Received' }])
    expect(given().when(receive)).toBe('unknown-sku')
    expect(given(...listed).when({ ...receive, quantity: 1_000_000_000 })).toBe('too-many')
  })
  it('announces what is listed', () => {
    expect(given(...listed).when({ type: 'Announce', sku: 'TEA-1' })).toEqual([{ type: 'Announced', sku: 'TEA-1' }])
    expect(given().when({ type: 'Announce', sku: 'TEA-1' })).toBe('unknown-sku')
  })
})
