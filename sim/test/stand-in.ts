import { setImmediate as turn } from 'node:timers/promises'
import type { Plan } from '../src/plan.ts'
import type { Result } from '../src/run.ts'

/** Stands in for the fleet: what comes of a seed is plain from its digits. */
export async function simulate(plan: Plan, { story = false }: { story?: boolean } = {}): Promise<Result> {
  const { seed } = plan
  if (seed === 666) void Promise.reject(new Error('nobody handles this'))
  if (seed === 777) await new Promise(() => {})
  if (seed === 888) for (;;);
  if (seed === 999) throw new Error('this run is at its wits’ end')
  // The first chunk is the last to be done.
  for (let turns = seed === 5 ? 20_000 : seed % 5; turns > 0; turns -= 1) await turn()
  const isBroken = seed % 100 === 13 && plan.scenes.some(({ kind }) => kind === 'order')
  return {
    seed,
    findings: isBroken ? [{ promise: 'P1', about: 'order o1', what: 'came to no end' }] : [],
    counts: { 'path: order confirmed': 1, [`fault: lost ${seed % 3 === 0 ? 'broker send' : 'order-db transact'}`]: 2 },
    struck: [1, 2, 3].filter((number) => !plan.strikes || plan.strikes.includes(number)),
    story: story ? ['0.000 s  ada  places o1', `0.001 s  ada  knows of ${plan.scenes.length} scenes`] : [],
    steps: 10,
    simulated: 86_400_000,
  }
}
