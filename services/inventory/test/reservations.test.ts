import type { Message } from '@flotilla/contracts/message'
import { contents } from '@flotilla/host/testing'
import { describe, expect, it } from 'vitest'
import {
  cancelled,
  confirmed,
  createWorld,
  type Inventory,
  type Line,
  orderIdOf,
  placed,
  shelf,
  startInventory,
  statusOf,
  stock,
} from './stocking.ts'

const order = orderIdOf(1)
const two: Line[] = [
  { sku: 'TEA-1', quantity: 2 },
  { sku: 'POT-1', quantity: 1 },
]

async function withTeaAndPot(): Promise<Inventory> {
  const inventory = await startInventory()
  await stock(inventory, 'TEA-1', 10)
  await stock(inventory, 'POT-1', 1)
  await inventory.clock.settle()
  return inventory
}

describe('a placed order', () => {
  it('takes its stock and says so; confirmed, it is sold', async () => {
    const inventory = await withTeaAndPot()
    const { broker, clock } = inventory
    await broker.deliver(placed(order, two))
    await clock.settle()
    expect(broker.said('stock.reserved.v1').map(({ data }) => data.orderId)).toEqual([order])
    expect(shelf(inventory, 'TEA-1')).toEqual({ received: 10, available: 8, reserved: 2, sold: 0 })
    await broker.deliver(confirmed(order, two))
    expect(shelf(inventory, 'TEA-1')).toEqual({ received: 10, available: 8, reserved: 0, sold: 2 })
    expect(shelf(inventory, 'POT-1')).toEqual({ received: 1, available: 0, reserved: 0, sold: 1 })
  })

  it('that is cancelled gives everything back', async () => {
    const inventory = await withTeaAndPot()
    await inventory.broker.deliver(placed(order, two))
    await inventory.broker.deliver(cancelled(order))
    expect(shelf(inventory, 'TEA-1')).toEqual({ received: 10, available: 10, reserved: 0, sold: 0 })
    expect(statusOf(inventory, order)).toBe('released')
  })

  it.each<[string, Line[], object]>([
    [
      'more than there is',
      [
        { sku: 'TEA-1', quantity: 2 },
        { sku: 'POT-1', quantity: 2 },
      ],
      { reason: 'out-of-stock', sku: 'POT-1' },
    ],
    [
      'what is not in the catalogue',
      [
        { sku: 'TEA-1', quantity: 2 },
        { sku: 'NOPE', quantity: 1 },
      ],
      { reason: 'unknown-sku', sku: 'NOPE' },
    ],
    [
      'the same SKU twice, beyond what there is',
      [
        { sku: 'TEA-1', quantity: 6 },
        { sku: 'TEA-1', quantity: 6 },
      ],
      { reason: 'out-of-stock', sku: 'TEA-1' },
    ],
  ])('of %s is rejected, and takes nothing', async (_what, lines, said) => {
    const inventory = await withTeaAndPot()
    await inventory.broker.deliver(placed(order, lines))
    await inventory.clock.settle()
    expect(inventory.broker.said('stock.rejected.v1').map(({ data }) => data)).toEqual([
      expect.objectContaining({ orderId: order, ...said }),
    ])
    expect(inventory.broker.said('stock.reserved.v1')).toEqual([])
    expect(shelf(inventory, 'TEA-1')).toEqual({ received: 10, available: 10, reserved: 0, sold: 0 })
    expect(shelf(inventory, 'POT-1')).toEqual({ received: 1, available: 1, reserved: 0, sold: 0 })
  })

  it('past its deadline takes nothing', async () => {
    const inventory = await withTeaAndPot()
    await inventory.clock.leap(600_000)
    await inventory.broker.deliver(placed(order, two))
    await inventory.clock.settle()
    expect(inventory.broker.said('stock.rejected.v1').map(({ data }) => data.reason)).toEqual(['expired'])
    expect(shelf(inventory, 'TEA-1')).toMatchObject({ available: 10 })
  })

  it('overtaken by its cancellation takes nothing and is not answered: a tombstone remembers', async () => {
    const inventory = await withTeaAndPot()
    const { broker, clock } = inventory
    await broker.deliver(cancelled(order))
    expect(statusOf(inventory, order)).toBe('shut')
    const said = broker.taken.length
    expect(await broker.deliver(placed(order, two))).toEqual({ kind: 'done' })
    await clock.settle()
    expect(broker.taken).toHaveLength(said)
    expect(shelf(inventory, 'TEA-1')).toMatchObject({ available: 10, reserved: 0 })
  })

  it('whose placement and cancellation come at once holds nothing, in either order', async () => {
    for (const messages of [
      [placed(order, two), cancelled(order)],
      [cancelled(order), placed(order, two)],
    ]) {
      const inventory = await withTeaAndPot()
      await Promise.all(messages.map((each) => inventory.broker.deliver(each)))
      expect(shelf(inventory, 'TEA-1')).toEqual({ received: 10, available: 10, reserved: 0, sold: 0 })
    }
  })
})

describe('what contradicts is dead-lettered with its reason, and moves no stock', () => {
  it.each<[string, Message[], Message, RegExp]>([
    ['a confirmation of what was never placed', [], confirmed(order, two), /not reserved/],
    [
      'a confirmation of what was rejected',
      [placed(order, [{ sku: 'NOPE', quantity: 1 }])],
      confirmed(order, two),
      /rejected/,
    ],
    [
      'a confirmation after the cancellation',
      [placed(order, two), cancelled(order)],
      confirmed(order, two),
      /released/,
    ],
    ['a cancellation after the confirmation', [placed(order, two), confirmed(order, two)], cancelled(order), /sold/],
  ])('%s', async (_what, before, wrong, reason) => {
    const inventory = await withTeaAndPot()
    for (const each of before) await inventory.broker.deliver(each)
    const tables = ['item', 'reservation', 'history', 'inbox', 'outbox']
    await inventory.clock.settle()
    const was = contents(inventory.sqlite, tables)
    expect(await inventory.broker.deliver(wrong)).toMatchObject({
      kind: 'dead-letter',
      description: expect.stringMatching(reason),
    })
    expect(contents(inventory.sqlite, tables)).toEqual(was)
  })
})

describe('P1: with the broker away', () => {
  it('stock is taken all the same, and said when the broker is back, by whoever is there', async () => {
    const world = createWorld()
    const before = await startInventory(world)
    await stock(before, 'TEA-1', 5)
    await world.clock.settle()
    world.broker.away = true
    await before.broker.deliver(placed(order, [{ sku: 'TEA-1', quantity: 2 }]))
    await world.clock.pass(5_000)
    await before.kill()
    world.broker.away = false
    await startInventory(world)
    await world.clock.passUntil(() => world.broker.said('stock.reserved.v1').length > 0)
    await world.clock.pass(60_000)
    expect(world.broker.taken.filter(({ type }) => type === 'stock.reserved.v1')).toHaveLength(1)
  })
})
