import { describe, expect, test } from 'vitest'
import { type Plan, planOf, type Scene } from '../src/plan.ts'
import type { Result } from '../src/run.ts'
import { shrink } from '../src/shrink.ts'
import type { Finding } from '../src/world.ts'

const scenes = Array.from(
  { length: 40 },
  (_, at): Scene => ({ kind: 'restock', name: `r${at}`, at, sku: 'SKU-1', quantity: 1 }),
)
const plan: Plan = { ...planOf(1), scenes }
const broken = (promise: string): Finding => ({ promise, about: 'order o1', what: 'is lost' })
const places = (plan: Plan) => plan.scenes.map(({ at }) => at)

/** Runs of a fleet in which `struck` are the faults that would strike, and `fails` says which promises are broken. */
function fleet(struck: readonly number[], fails: (scenes: number[], strikes: readonly number[]) => string[]) {
  const asked: Plan[] = []
  const run = async (plan: Plan): Promise<Result> => {
    asked.push(plan)
    const strikes = struck.filter((number) => !plan.strikes || plan.strikes.includes(number))
    const findings = fails(places(plan), strikes).map(broken)
    return { seed: plan.seed, findings, counts: {}, struck: strikes, story: [], steps: 1, simulated: 1 }
  }
  return { asked, run }
}

const both = (has: readonly number[], wanted: readonly number[]) => wanted.every((each) => has.includes(each))

describe('shrinking', () => {
  test.each([
    [3, 31],
    [0, 39],
    [18, 19],
    [20, 21],
    [7, 8],
  ])('finds the only pair that matters, %i and %i, among 40 scenes', async (...pair) => {
    const { run, asked } = fleet([], (scenes) => (both(scenes, pair) ? ['P1'] : []))
    const { plan: left, result, tries } = await shrink(plan, [broken('P1')], run)
    expect(places(left)).toEqual(pair)
    expect(result.findings).toEqual([broken('P1')])
    expect(tries).toBe(asked.length)
    expect(tries).toBeLessThan(150)
  })

  test('leaves out strikes too, and then scenes that only mattered with them', async () => {
    const struck = Array.from({ length: 30 }, (_, number) => number)
    const { run } = fleet(struck, (scenes, strikes) => {
      const isCalm = strikes.length < 10
      return both(strikes, [4, 25]) && both(scenes, isCalm ? [9] : [9, 12]) ? ['P3'] : []
    })
    const { plan: left } = await shrink(plan, [broken('P3')], run)
    expect(left.strikes).toEqual([4, 25])
    expect(places(left)).toEqual([9])
  })

  test('nothing is left when nothing of it matters', async () => {
    const { run } = fleet([5, 6], () => ['P2'])
    const { plan: left } = await shrink(plan, [broken('P2')], run)
    expect(left).toMatchObject({ seed: plan.seed, scenes: [], strikes: [] })
  })

  test('another promise that is broken does not count', async () => {
    const { run } = fleet([], (scenes) => {
      if (both(scenes, [3, 31])) return ['P1']
      return scenes.length > 0 ? ['P4'] : []
    })
    const { plan: left } = await shrink(plan, [broken('P1')], run)
    expect(places(left)).toEqual([3, 31])
  })

  test('comes back with the smallest so far when the budget is used up', async () => {
    const { run, asked } = fleet([1, 2, 3], (scenes) => (both(scenes, [3, 31]) ? ['P1'] : []))
    const { plan: left, result, tries } = await shrink(plan, [broken('P1')], run, 12)
    expect(tries).toBe(12)
    expect(asked).toHaveLength(12)
    expect(places(left)).toEqual(expect.arrayContaining([3, 31]))
    expect(left.scenes.length).toBeLessThan(40)
    expect(result.findings).toEqual([broken('P1')])
  })

  test('the same plan is shrunk by the same tries', async () => {
    const fails = (scenes: number[], strikes: readonly number[]) =>
      both(scenes, [2, 17, 33]) && both(strikes, [8]) ? ['P1'] : []
    const [one, other] = [fleet([7, 8, 9], fails), fleet([7, 8, 9], fails)]
    expect(await shrink(plan, [broken('P1')], one.run)).toEqual(await shrink(plan, [broken('P1')], other.run))
    expect(one.asked).toEqual(other.asked)
  })

  test('a plan that does not fail again comes back whole, without findings', async () => {
    const { run } = fleet([], () => [])
    expect(await shrink(plan, [broken('P1')], run)).toMatchObject({ plan, result: { findings: [] }, tries: 1 })
  })
})
