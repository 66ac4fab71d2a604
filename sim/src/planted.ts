import { availableParallelism } from 'node:os'
import type { Mutation } from './mutations/mutation.ts'
import { runMany } from './pool.ts'
import type { Failure } from './runner.ts'
import type { Finding } from './world.ts'

/** What came of the search for a planted bug. */
export interface Hunted {
  readonly mutation: Mutation
  /** Runs until it was found, or all that were made. */
  readonly runs: number
  /** The seed of the run that found it; undefined when none did. */
  readonly seed: number | undefined
  /** What that run found. */
  readonly findings: readonly Finding[]
}

export interface HuntOptions {
  /** The first seed. */
  readonly from?: number | undefined
  /** How many bugs are sought at the same time: as many as there are cores. */
  readonly lanes?: number | undefined
  /** The module that exports `planOf` and `simulate`. */
  readonly fleet?: URL | undefined
  /** Called as each search ends. */
  readonly onHunted?: ((hunted: Hunted) => void) | undefined
}

/** Seeks each bug in as many runs as it states at most. In the order given. */
export async function hunt(mutations: readonly Mutation[], options: HuntOptions = {}): Promise<Hunted[]> {
  const { lanes = availableParallelism(), onHunted } = options
  const hunted: Hunted[] = []
  let next = 0
  const lane = async () => {
    while (next < mutations.length) {
      const index = next++
      const found = await seek(mutations[index] as Mutation, options)
      hunted[index] = found
      onHunted?.(found)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return hunted
}

async function seek(mutation: Mutation, { from = 1, fleet }: HuntOptions): Promise<Hunted> {
  const { name, within, breaks } = mutation
  const isFound = ({ findings }: Failure) => findings.some(({ promise }) => breaks.includes(promise))
  for (let next = from; next < from + within; ) {
    // One worker each: what a bug costs is mostly the import of the fleet.
    const only = { from: next, runs: from + within - next, workers: 1, mutation: name, fleet }
    const { failures } = await runMany({ ...only, until: { failures: 1 } })
    const found = failures.find(isFound)
    if (found) return { mutation, runs: found.seed - from + 1, seed: found.seed, findings: found.findings }
    const last = failures.at(-1)
    if (!last) break
    // Something else went wrong, which proves nothing.
    next = last.seed + 1
  }
  return { mutation, runs: within, seed: undefined, findings: [] }
}

/** Characters. */
const widest = 160

/** One line of the table: the bug, the seed that found it, how many runs that took of those it may take, and what was found. */
export function huntedText({ mutation, runs, seed, findings }: Hunted): string {
  const { name, within } = mutation
  const [first] = findings
  const what = first ? `${first.promise} ${first.about}: ${first.what.split('\n', 1)[0]}`.slice(0, widest) : 'NOT FOUND'
  return [name.padEnd(36), `seed ${seed ?? '-'}`.padEnd(12), `${runs} of ${within} runs`.padEnd(18), what].join('  ')
}
