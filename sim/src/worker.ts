import { parentPort, workerData } from 'node:worker_threads'
import type { Plan } from './plan.ts'
import type { Result } from './run.ts'
import type { Failure, Job, Told, Totals, WorkerData } from './runner.ts'

/**
 * A worker of the simulation. Nothing of the fleet is imported before the mutation is in place; so nothing but types and
 * node's own modules is imported above.
 */

const { board, fleet, mutation } = workerData as WorkerData

if (mutation !== undefined) {
  const { applyMutation } = await import('./mutant.ts')
  applyMutation(mutation)
}
const { planOf } = await import('./plan.ts')
const { simulate } = (await import(fleet)) as typeof import('./run.ts')
Atomics.store(board.ready, 0, 1n)

/** A run that throws has failed too, and is told as one that broke a promise. */
async function run(plan: Plan, story: boolean): Promise<Result> {
  try {
    return await simulate(plan, { story })
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const findings = [{ promise: 'run', about: `seed ${plan.seed}`, what: `it threw: ${what}` }]
    return { seed: plan.seed, findings, counts: {}, struck: plan.strikes ?? [], story: [], steps: 0, simulated: 0 }
  }
}

async function one(planned: Plan | number, story: boolean): Promise<Told> {
  const plan = typeof planned === 'number' ? planOf(planned) : planned
  const result = await run(plan, story)
  // A rejection that nobody handles ends the worker in this turn, while it is still known which seed it was.
  await new Promise((resolve) => setImmediate(resolve))
  return { plan, result }
}

async function many(from: number, count: number, enough: number): Promise<Totals> {
  const counts: Record<string, number> = {}
  const failures: Failure[] = []
  let [runs, steps, simulated] = [0, 0, 0]
  do {
    const seed = from + runs
    Atomics.store(board.seed, 0, BigInt(seed))
    const { result } = await one(seed, false)
    for (const [name, times] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + times
    if (result.findings.length > 0) failures.push({ seed, findings: result.findings })
    steps += result.steps
    simulated += result.simulated
    runs += 1
    Atomics.store(board.done, 0, BigInt(runs))
  } while (runs < count && failures.length < enough && Atomics.load(board.stop, 0) === 0n)
  return { runs, steps, simulated, counts, failures }
}

parentPort?.on('message', async (job: Job) => {
  parentPort?.postMessage('plan' in job ? await one(job.plan, job.story) : await many(job.from, job.count, job.enough))
})
