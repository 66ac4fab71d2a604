import { queryObjects } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { planOf } from '../src/plan.ts'
import { runMany } from '../src/pool.ts'
import { simulate } from '../src/run.ts'
import { Time } from '../src/time.ts'

describe('P1 to P6, through bad days', () => {
  it('are kept in each of three hundred worlds', { timeout: 240_000 }, async () => {
    const { runs, failures, counts } = await runMany({ from: 1, runs: 300, workers: 1 })
    expect(failures).toEqual([])
    expect(runs).toBe(300)
    // They were bad days, and there were orders in them.
    for (const end of ['confirmed', 'cancelled: expired', 'cancelled: customer-request', 'cancelled: out-of-stock']) {
      expect(counts[`path: order ${end}`]).toBeGreaterThan(0)
    }
    for (const fault of ['death order-db transact', 'lost broker send', 'lost order-db transact', 'away broker send']) {
      expect(counts[`fault: ${fault}`]).toBeGreaterThan(0)
    }
  })

  it('a seed tells the same story each time, whatever was run before it', { timeout: 60_000 }, async () => {
    const seeds = [3, 7, 11, 20, 31]
    const first = new Map<number, unknown>()
    for (const seed of seeds) first.set(seed, await simulate(planOf(seed), { story: true }))
    for (const seed of seeds.toReversed()) {
      const again = await simulate(planOf(seed), { story: true })
      expect(again).toEqual(first.get(seed))
      expect(again.story.length).toBeGreaterThan(20)
    }
  })

  it('a seed comes to the same whether its story is told or not', { timeout: 60_000 }, async () => {
    const [told, untold] = [await simulate(planOf(5), { story: true }), await simulate(planOf(5))]
    expect({ ...untold, story: told.story }).toEqual(told)
    expect(untold.story).toEqual([])
  })

  it('a world leaves nothing behind for the next one', { timeout: 60_000 }, async () => {
    await simulate(planOf(1))
    // It collects garbage before it counts.
    const before = queryObjects(Time, { format: 'count' })
    for (let seed = 2; seed <= 40; seed += 1) await simulate(planOf(seed))
    expect(queryObjects(Time, { format: 'count' }) - before).toBeLessThan(5)
  })
})
