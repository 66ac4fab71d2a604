import type { Message } from '@flotilla/contracts/message'
import { contents } from '@flotilla/host/testing'
import { shuffled } from '@flotilla/host/testing-broker'
import { TestClock } from '@flotilla/host/testing-clock'
import { describe, expect, it } from 'vitest'
import {
  cancelled,
  confirmed,
  createWorld,
  databaseFile,
  type Inventory,
  type Line,
  orderIdOf,
  placed,
  shelf,
  startInventory,
  statusOf,
  stock,
  unbalanced,
} from './stocking.ts'

interface Plan {
  readonly orderId: string
  readonly lines: readonly Line[]
  readonly ends: 'confirmed' | 'cancelled' | 'open'
}

const skus = ['A', 'B', 'C']

function plans(count: number, random: () => number): Plan[] {
  return Array.from({ length: count }, (_, index) => {
    const wanted = shuffled(skus, random).slice(0, 1 + Math.floor(random() * 3))
    const lines = [...new Set(wanted)].map((sku) => ({ sku, quantity: 1 + Math.floor(random() * 4) }))
    const end = random()
    return { orderId: orderIdOf(index + 1), lines, ends: end < 0.4 ? 'confirmed' : end < 0.9 ? 'cancelled' : 'open' }
  })
}

/** Delivers every message of many orders in a random order that can happen, some of them twice, several at once. */
async function interleave(replicas: readonly Inventory[], orders: readonly Plan[], random: () => number) {
  const [first] = replicas as [Inventory]
  const heard: Message[] = []
  const waiting: Message[] = orders.flatMap((plan) => {
    const early = plan.ends === 'cancelled' && random() < 0.5 ? [cancelled(plan.orderId)] : []
    return [placed(plan.orderId, plan.lines), ...early]
  })
  const confirmedOnce = new Set<string>()
  while (waiting.length > 0) {
    const batch = Array.from({ length: 1 + Math.floor(random() * 8) }, () =>
      waiting.splice(Math.floor(random() * waiting.length), 1),
    ).flat()
    const repeated = heard.filter(() => random() < 0.02)
    heard.push(...batch)
    const verdicts = await Promise.all(
      shuffled([...batch, ...repeated], random).map((each) => {
        const replica = replicas[Math.floor(random() * replicas.length)] as Inventory
        return replica.broker.deliver(each)
      }),
    )
    expect(verdicts.filter(({ kind }) => kind !== 'done')).toEqual([])
    expect(unbalanced(first)).toEqual([])
    await first.clock.settle()
    // The order service confirms or cancels what it heard was reserved.
    const reserved = new Set(
      replicas.flatMap(({ broker }) => broker.said('stock.reserved.v1').map(({ data }) => data.orderId)),
    )
    for (const { orderId, lines, ends } of orders) {
      if (!reserved.has(orderId) || confirmedOnce.has(orderId) || ends === 'open') continue
      confirmedOnce.add(orderId)
      waiting.push(ends === 'confirmed' ? confirmed(orderId, lines) : cancelled(orderId))
    }
  }
}

describe('P2: stock is conserved', () => {
  it.each([1, 2, 3, 4, 5, 6])('by many orders on few SKUs, in any order and twice (seed %i)', async (seed) => {
    const { random } = new TestClock(0, seed)
    const inventory = await startInventory()
    for (const sku of skus) await stock(inventory, sku, 40)
    const orders = plans(60, random)
    await interleave([inventory], orders, random)
    expect(inventory.broker.deadLetters).toEqual([])
    for (const { orderId, ends } of orders) {
      const status = statusOf(inventory, orderId)
      if (ends === 'confirmed') expect(['sold', 'rejected']).toContain(status)
      if (ends === 'cancelled') expect(['released', 'rejected', 'shut']).toContain(status)
      if (ends === 'open') expect(['held', 'rejected']).toContain(status)
    }
    // Something was refused for want of stock, or this would prove little.
    expect(inventory.broker.said('stock.rejected.v1').length).toBeGreaterThan(0)
  })

  it('by two replicas on one database', async () => {
    const { random } = new TestClock(0, 7)
    const file = databaseFile()
    const one = await startInventory(createWorld(file))
    const other = await startInventory({ ...createWorld(file), clock: one.clock, newId: one.newId })
    for (const sku of skus) await stock(one, sku, 40)
    await interleave([one, other], plans(40, random), random)
    expect(unbalanced(one)).toEqual([])
  })

  it('when receipts come in while orders take it', async () => {
    const inventory = await startInventory()
    await stock(inventory, 'A', 5)
    const work = Array.from({ length: 30 }, (_, index) => [
      inventory.ask('POST /api/v1/stock/A/receipts', { body: { quantity: 1 }, key: `r${index % 20}` }),
      inventory.broker.deliver(placed(orderIdOf(index), [{ sku: 'A', quantity: 1 }])),
    ])
    await Promise.all(work.flat())
    expect(unbalanced(inventory)).toEqual([])
    expect(shelf(inventory, 'A')).toMatchObject({ received: 25 })
  })

  it('P5: all messages of all orders again change nothing and say nothing', async () => {
    const { random } = new TestClock(0, 8)
    const inventory = await startInventory()
    for (const sku of skus) await stock(inventory, sku, 30)
    const orders = plans(30, random)
    await interleave([inventory], orders, random)
    const tables = ['item', 'reservation', 'history', 'inbox']
    const before = contents(inventory.sqlite, tables)
    const said = inventory.broker.taken.length
    const reserved = new Set(inventory.broker.said('stock.reserved.v1').map(({ data }) => data.orderId))
    const all = orders.flatMap(({ orderId, lines, ends }) => [
      placed(orderId, lines),
      ...(ends === 'confirmed' && reserved.has(orderId) ? [confirmed(orderId, lines)] : []),
    ])
    for (const each of shuffled(all, random)) expect(await inventory.broker.deliver(each)).toEqual({ kind: 'done' })
    await inventory.clock.settle()
    expect(contents(inventory.sqlite, tables)).toEqual(before)
    expect(inventory.broker.taken).toHaveLength(said)
  })

  it('by the database itself, whatever the code does', async () => {
    const inventory = await startInventory()
    await stock(inventory, 'A', 5)
    for (const wrong of ['available = available - 6, reserved = reserved + 6', 'available = 4', 'received = 6']) {
      expect(() => inventory.sqlite.exec(`UPDATE item SET ${wrong}`)).toThrow(/CHECK/)
    }
  })
})
