import type { Plan } from './plan.ts'
import type { Result } from './run.ts'
import type { Finding } from './world.ts'

export interface Shrunk {
  /** The smallest that still breaks a promise of the same name. */
  readonly plan: Plan
  readonly result: Result
  /** How many runs it took. */
  readonly tries: number
}

/**
 * Delta debugging (ddmin): leaves out scenes, then strikes, as long as a promise of the same name is still broken, until
 * neither gets smaller or the budget of runs is used up. When the plan as it is breaks none of them, it comes back as it is.
 */
export async function shrink(
  plan: Plan,
  findings: readonly Finding[],
  run: (plan: Plan) => Promise<Result>,
  budget = 500,
): Promise<Shrunk> {
  const promises = new Set(findings.map(({ promise }) => promise))
  const isBroken = (result: Result) => result.findings.some(({ promise }) => promises.has(promise))
  let best = { plan, result: await run(plan) }
  let tries = 1
  if (!isBroken(best.result)) return { ...best, tries }

  const fails = async (candidate: Plan): Promise<boolean> => {
    if (tries >= budget) return false
    tries += 1
    const result = await run(candidate)
    if (!isBroken(result)) return false
    best = { plan: candidate, result }
    return true
  }
  const sizeOf = ({ scenes, strikes }: Plan) => scenes.length + (strikes?.length ?? Number.POSITIVE_INFINITY)
  let size: number
  do {
    size = sizeOf(best.plan)
    await minimise(best.plan.scenes, (scenes) => fails({ ...best.plan, scenes }))
    const { plan: smaller, result } = best
    // Named one by one, they can be left out one by one; those that may strike and did not are no loss.
    if (smaller.strikes || (await fails({ ...smaller, strikes: result.struck }))) {
      const struck = new Set(best.result.struck)
      const strikes = (best.plan.strikes ?? []).filter((number) => struck.has(number))
      best = { ...best, plan: { ...best.plan, strikes } }
      await minimise(strikes, (some) => fails({ ...best.plan, strikes: some }))
    }
  } while (sizeOf(best.plan) < size && tries < budget)
  return { ...best, tries }
}

/** ddmin: nothing more can be left out alone when it ends. `fails` is asked about subsets, in their order. */
async function minimise<T>(all: readonly T[], fails: (some: readonly T[]) => Promise<boolean>): Promise<void> {
  if (all.length === 0 || (await fails([]))) return
  let kept = all
  let parts = 2
  while (kept.length >= 2) {
    const smaller = await oneFewer(kept, parts, fails)
    if (smaller) {
      kept = smaller.kept
      parts = smaller.parts
    } else if (parts >= kept.length) return
    else parts = Math.min(kept.length, parts * 2)
  }
}

/** The first part, or else the first complement of a part, that fails alone. */
async function oneFewer<T>(kept: readonly T[], parts: number, fails: (some: readonly T[]) => Promise<boolean>) {
  const cuts = Array.from({ length: parts + 1 }, (_, index) => Math.round((index * kept.length) / parts))
  const ranges = cuts.slice(1).map((end, index) => ({ begin: cuts[index] ?? 0, end }))
  for (const { begin, end } of ranges) {
    const part = kept.slice(begin, end)
    if (await fails(part)) return { kept: part, parts: 2 }
  }
  // Of two parts, each is the complement of the other.
  for (const { begin, end } of parts > 2 ? ranges : []) {
    const rest = kept.filter((_, index) => index < begin || index >= end)
    if (await fails(rest)) return { kept: rest, parts: Math.max(parts - 1, 2) }
  }
  return undefined
}
