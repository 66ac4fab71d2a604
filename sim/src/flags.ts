import { parseArgs } from 'node:util'

export const usage = `usage: npm run sim -- [--runs N] [--from N] [--seconds N] [--workers N] [--keep-going] [--json]
       npm run sim -- --seed N [--story] [--json]
       npm run sim -- --planted [--from N] [--workers N]
  --runs N      how many seeds are run (1000; with --seconds as many as fit)
  --from N      the first seed (1)
  --seconds N   ends after so long
  --workers N   worker threads (one for each core)
  --keep-going  does not end at the fifth seed that fails
  --seed N      runs this seed alone, and tells its story when it fails
  --story       tells the story of the seed in any case
  --planted     seeks bugs that are planted in the source, each in as many runs as it may take
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

export interface PlantedFlags {
  readonly planted: true
  readonly from: number
  readonly workers: number | undefined
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
  planted: flag,
  json: flag,
}

/** Throws a UsageError that names the flag and how to mend it. */
export function readFlags(args: string[]): ManyFlags | OneFlags | PlantedFlags {
  const given = parsed(args)
  const { json = false, story = false, planted = false } = given
  const leaveOut = (why: string, names: readonly (keyof typeof given)[]) => {
    const idle = names.filter((name) => given[name] !== undefined)
    if (idle.length > 0) refuse(`${why}: leave out ${idle.map((name) => `--${name}`).join(', ')}`)
  }
  if (given.seed !== undefined) {
    leaveOut('--seed runs one seed alone', ['runs', 'from', 'seconds', 'workers', 'keep-going', 'planted'])
    return { seed: whole('seed', given.seed, 0), story, json }
  }
  if (story) refuse('--story tells the story of one seed: name it with --seed N')
  const seconds = given.seconds === undefined ? undefined : whole('seconds', given.seconds, 1, 1_000_000)
  const from = whole('from', given.from ?? '1', 0)
  const workers = given.workers === undefined ? undefined : whole('workers', given.workers, 1, 1_024)
  if (planted) {
    leaveOut('--planted runs each bug as often as it may take', ['runs', 'seconds', 'keep-going', 'json'])
    return { planted, from, workers }
  }
  const runs =
    given.runs === undefined && seconds !== undefined
      ? Number.POSITIVE_INFINITY
      : whole('runs', given.runs ?? '1000', 1, Number.MAX_SAFE_INTEGER - from)
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
