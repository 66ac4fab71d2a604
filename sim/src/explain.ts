import type { Plan } from './plan.ts'
import type { Result } from './run.ts'
import { type Failure, Lost, lostWorker, Runner, type RunnerOptions, type Told } from './runner.ts'
import { type Shrunk, shrink } from './shrink.ts'

export interface Explained extends Shrunk {
  /** The run of the seed itself, before anything was left out. */
  readonly whole: Told
}

/**
 * The smallest run that fails as the seed does, with its story. Undefined when the end is wanted before, and when its worker
 * was lost: each try would lose another.
 */
export async function explain(
  { seed, findings }: Failure,
  options: RunnerOptions,
  signal: AbortSignal,
): Promise<Explained | undefined> {
  if (signal.aborted || findings.every(({ promise }) => promise === lostWorker)) return undefined
  let runner = new Runner(options)
  const onAbort = () => void runner.end()
  signal.addEventListener('abort', onAbort)
  const run = async (plan: Plan): Promise<Result> => {
    signal.throwIfAborted()
    try {
      return (await runner.one(plan)).result
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Lost)) throw error
      // Something else went wrong than what is looked for.
      runner = new Runner(options)
      return { ...unknown, seed, findings: error.failure.findings }
    }
  }
  try {
    const whole = await runner.one(seed)
    const shrunk = await shrink(whole.plan, findings, run)
    const { result } = await runner.one(shrunk.plan, true)
    return { ...shrunk, result, whole }
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    await runner.end()
  }
}

const unknown = { counts: {}, struck: [], story: [], steps: 0, simulated: 0 }
