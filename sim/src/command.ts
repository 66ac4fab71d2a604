import { type Explained, explain } from './explain.ts'
import { type ManyFlags, type OneFlags, type PlantedFlags, readFlags, UsageError } from './flags.ts'
import { mutations } from './mutations.ts'
import { hunt, huntedText } from './planted.ts'
import { type Progress, runMany } from './pool.ts'
import {
  again,
  exitCodeOf,
  explainedText,
  failureText,
  passedText,
  progressText,
  storyText,
  summaryOf,
  summaryText,
} from './report.ts'
import { type Failure, Lost, Runner, type Told } from './runner.ts'

/** Failing seeds after which it ends. */
const enoughFailures = 5

export interface Surroundings {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** What is written to `err` can be overwritten. */
  readonly isTerminal: boolean
  /** Aborted when somebody wants the end. */
  readonly signal: AbortSignal
  /** What must be counted in many runs. */
  readonly expected: readonly string[]
  /** The module that exports `simulate`; run.ts by default. */
  readonly fleet?: URL
}

/** Returns the exit code: 0 when all is as it must be, 1 when a promise was broken or a planted bug was not found, 2 for bad usage. */
export async function command(args: string[], around: Surroundings): Promise<number> {
  try {
    const flags = readFlags(args)
    if ('planted' in flags) return await planted(flags, around)
    return await ('seed' in flags ? one(flags, around) : many(flags, around))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    around.err(`sim: ${error.message}\n`)
    return 2
  }
}

async function many(
  { from, runs, seconds, workers, keepGoing, json }: ManyFlags,
  around: Surroundings,
): Promise<number> {
  const { out, signal, expected, fleet } = around
  const begun = performance.now()
  const totals = await runMany({
    ...{ from, runs, workers, fleet },
    ...progressTo(around, runs),
    until: {
      signal: seconds === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]),
      failures: keepGoing ? undefined : enoughFailures,
    },
  })
  if (around.isTerminal) around.err('\r\x1b[K')
  const summary = summaryOf(totals, from, (performance.now() - begun) / 1_000, expected)
  const [first] = totals.failures
  if (!json) out(`${summaryText(summary)}\n`)
  const explained = first && (await explain(first, { fleet }, signal))
  if (json)
    out(line({ from, seconds: summary.seconds, ...totals, never: summary.never, smallest: smallest(explained) }))
  else if (first) out(`\n${told(first, explained)}\n`)
  return exitCodeOf(summary)
}

function progressTo({ err, isTerminal }: Surroundings, runs: number) {
  const onProgress = (progress: Progress) => {
    const text = progressText(progress, runs)
    err(isTerminal ? `\r${text}\x1b[K` : `sim: ${text}\n`)
  }
  return { onProgress, every: isTerminal ? 2 : 10 }
}

async function one({ seed, story, json }: OneFlags, { out, err, signal, fleet }: Surroundings): Promise<number> {
  const run = await runOf(seed, fleet, signal)
  if (signal.aborted) {
    err(`sim: ended before seed ${seed} was done\n`)
    return 1
  }
  const findings = run instanceof Lost ? run.failure.findings : run.result.findings
  const failure = findings.length > 0 ? { seed, findings } : undefined
  if (!json) {
    if (story && !(run instanceof Lost)) out(`${storyText(run.result.story)}\n\n`)
    if (failure) out(`${failureText(failure)}\n\n`)
    else if (!(run instanceof Lost)) out(`${passedText(run)}\n`)
  }
  const explained = failure && (await explain(failure, { fleet }, signal))
  if (json) out(line({ seed, findings, ...(!(run instanceof Lost) && run), smallest: smallest(explained) }))
  else if (failure) out(`${told(failure, explained)}\n`)
  return failure ? 1 : 0
}

async function planted({ from, workers }: PlantedFlags, { out, fleet }: Surroundings): Promise<number> {
  const hunted = await hunt(mutations, {
    ...{ from, fleet, lanes: workers },
    onHunted: (each) => out(`${huntedText(each)}\n`),
  })
  const found = hunted.filter(({ seed }) => seed !== undefined)
  out(`${found.length} of ${hunted.length} planted bugs were found\n`)
  return found.length === hunted.length ? 0 : 1
}

async function runOf(seed: number, fleet: URL | undefined, signal: AbortSignal): Promise<Told | Lost> {
  const runner = new Runner({ fleet })
  const onAbort = () => void runner.end()
  signal.addEventListener('abort', onAbort)
  try {
    return await runner.one(seed, true)
  } catch (error) {
    if (error instanceof Lost) return error
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    await runner.end()
  }
}

const told = ({ seed }: Failure, explained: Explained | undefined) =>
  explained ? explainedText(explained) : again(seed)

const smallest = (explained: Explained | undefined) =>
  explained && { plan: explained.plan, result: explained.result, tries: explained.tries }

const line = (value: object) => `${JSON.stringify(value)}\n`
