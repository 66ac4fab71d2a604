import { z } from 'zod'

/** One request of the load. */
export interface Attempt {
  readonly door: string
  /** Its number among the requests through this door, from 0. */
  readonly sequence: number
  /** When it was sent, in milliseconds since the epoch. */
  readonly at: number
  /** Until its answer, in milliseconds. */
  readonly took: number
  /** 0 when there was no answer. */
  readonly status: number
  /** The id of the order that was accepted, or what was answered, or why there was no answer. */
  readonly said: string
}

/** Said last: how many requests there were. */
export interface Total {
  readonly placed: number
}

const Line = z.tuple([z.string(), z.int().nonnegative(), z.number(), z.number(), z.int(), z.string()])
const Last = z.strictObject({ placed: z.int().nonnegative() })

/** Reads a line of the load's log. Throws when it is none. */
export function readLine(line: string): Attempt | Total {
  try {
    const said: unknown = JSON.parse(line)
    if (!Array.isArray(said)) return Last.parse(said)
    const [door, sequence, at, took, status, answer] = Line.parse(said)
    return { door, sequence, at, took, status, said: answer }
  } catch (error) {
    throw new Error(`the load said what is no request: ${line.slice(0, 300)}`, { cause: error })
  }
}

/** What was done while the load went on. */
export interface Phase {
  readonly name: string
  /** Milliseconds since the epoch; the next phase begins where this one ends. */
  readonly from: number
  readonly to: number
}

export interface PhaseFigures {
  readonly name: string
  readonly seconds: number
  readonly requests: number
  readonly failed: readonly Attempt[]
  /** From request to answer, in milliseconds, of what was accepted. */
  readonly p50: number
  readonly p99: number
  readonly slowest: number
}

/** Anything but 202 is a failure, also a connection that broke: a client who repeats nothing would have lost its order. */
export const isFailed = ({ status }: Attempt): boolean => status !== 202

/** A request belongs to the phase in which it was sent; one sent before the first or after the last, to none. */
export function figuresOf(phases: readonly Phase[], attempts: readonly Attempt[]): PhaseFigures[] {
  return phases.map(({ name, from, to }) => {
    const of = attempts.filter(({ at }) => at >= from && at < to)
    const took = of.filter((attempt) => !isFailed(attempt)).map(({ took }) => took)
    const sorted = took.toSorted((one, other) => one - other)
    return {
      name,
      seconds: (to - from) / 1_000,
      requests: of.length,
      failed: of.filter(isFailed),
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      slowest: sorted.at(-1) ?? Number.NaN,
    }
  })
}

/** Of what was due in a phase, so much must have been placed; a load that lags makes up for it within two seconds, and clocks differ. */
const enough = 0.9
const unsure = 2

/** A line for each phase in which too little was asked through a door for it to show anything. */
export function sparse(
  phases: readonly Phase[],
  attempts: readonly Attempt[],
  { doors, perSecond }: { readonly doors: readonly string[]; readonly perSecond: number },
): string[] {
  return phases.flatMap(({ name, from, to }) =>
    doors.flatMap((door) => {
      const placed = attempts.filter((it) => it.door === door && it.at >= from && it.at < to).length
      const least = Math.floor(enough * perSecond * ((to - from) / 1_000 - unsure))
      return placed >= least ? [] : [`${name}: ${placed} orders through ${door}, not ${least}`]
    }),
  )
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
