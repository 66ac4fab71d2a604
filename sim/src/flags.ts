import { parseArgs } from 'node:util'

export const usage = `usage: npm run sim -- [--runs N] [--from N] [--seconds N] [--workers N] [--keep-going] [--json]
       npm run sim -- --seed N [--story] [--json]
  --runs N      how many seeds are run (1000; with --seconds as many as fit)
  --from N      the first seed (1)
  --seconds N   ends after so long
  --workers N   worker threads (one for each core)
  --keep-going  does not end at the fifth seed that fails
  --seed N      runs this seed alone, and tells its story when it fails
  --story       tells the story of the seed in any case
  --json        says it in JSON`

/** What was wrong with the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface ManyFlags {
  readonly runs: number
  readonly from: number
  readonly seconds: number | undefined
  readonly workers: number | undefined
  readonly keepGoing: boolean
  readonly json: boolean
}

export interface OneFlags {
  readonly seed: number
  readonly story: boolean
  readonly json: boolean
}

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const options = {
  runs: text,
  from: text,
  seconds: text,
  workers: text,
  'keep-going': flag,
  seed: text,
  story: flag,
  json: flag,
}

/** Throws a UsageError that names the flag and how to mend it. */
export function readFlags(args: string[]): ManyFlags | OneFlags {
  const given = parsed(args)
  const { json = false, story = false } = given
  if (given.seed !== undefined) {
    const idle = (['runs', 'from', 'seconds', 'workers', 'keep-going'] as const).filter(
      (name) => given[name] !== undefined,
    )
    if (idle.length > 0) refuse(`--seed runs one seed alone: leave out ${idle.map((name) => `--${name}`).join(', ')}`)
    return { seed: whole('seed', given.seed, 0), story, json }
  }
  if (story) refuse('--story tells the story of one seed: name it with --seed N')
  const seconds = given.seconds === undefined ? undefined : whole('seconds', given.seconds, 1, 1_000_000)
  const from = whole('from', given.from ?? '1', 0)
  const runs =
    given.runs === undefined && seconds !== undefined
      ? Number.POSITIVE_INFINITY
      : whole('runs', given.runs ?? '1000', 1, Number.MAX_SAFE_INTEGER - from)
  const workers = given.workers === undefined ? undefined : whole('workers', given.workers, 1, 1_024)
  return { runs, from, seconds, workers, keepGoing: given['keep-going'] ?? false, json }
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options, strict: true }).values
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function whole(name: string, given: string, low: number, high = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
  if (value >= low && value <= high) return value
  return refuse(`--${name}: give a whole number from ${low} to ${high}, not '${given}'`)
}

function refuse(message: string): never {
  throw new UsageError(`${message}\n${usage}`)
}
