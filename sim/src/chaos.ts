import { Random } from './random.ts'
import type { Tally } from './tally.ts'

/** How likely each fault is at each step that it can strike at; 0 to 1. */
export interface Rates {
  /** The process dies before what it asked for is done, or after, before it hears so. */
  readonly death: number
  /** A step is refused, and nothing was done. */
  readonly refused: number
  /** A step is done, and its answer is lost. */
  readonly lost: number
  /** A step takes seconds instead of milliseconds, or longer than anybody waits. */
  readonly slow: number
  /** A message is delivered once more, though it was settled. */
  readonly duplicate: number
  /** A message comes late, behind others. */
  readonly delay: number
  /** A lock runs out while its message is in hand. */
  readonly lock: number
  /** A message is put aside, and replayed a day later. */
  readonly aside: number
  /** A message that was applied is replayed a day later all the same. */
  readonly replay: number
}

/** Decides, from the seed, where faults strike. Each that does has a number, so that a failing run can be tried without it. */
export class Chaos {
  readonly struck: number[] = []
  /** From then on nothing strikes any more. */
  calm = false
  readonly rates: Rates
  readonly #random: Random
  readonly #only: ReadonlySet<number> | undefined
  readonly #tally: Tally
  #number = 0
  #left: Map<string, number>

  /** `only`: the numbers of those that may strike; all when absent. `budget`: how often a fault strikes at most in this run. */
  constructor(
    seed: number,
    rates: Rates,
    tally: Tally,
    options: { only?: Iterable<number> | undefined; budget?: Readonly<Record<string, number>> } = {},
  ) {
    this.#random = new Random(seed, 'chaos')
    this.rates = rates
    this.#tally = tally
    this.#only = options.only && new Set(options.only)
    this.#left = new Map(Object.entries(options.budget ?? {}))
  }

  /** Whether this fault strikes here, `times` as likely as it is elsewhere; `where` for the tally. */
  strikes(fault: keyof Rates, where: string, times = 1): boolean {
    const hit = this.#random.next() < this.rates[fault] * times
    if (!hit || this.calm) return false
    const left = this.#left.get(fault) ?? Number.POSITIVE_INFINITY
    if (left <= 0) return false
    const number = this.#number++
    if (this.#only && !this.#only.has(number)) return false
    this.#left.set(fault, left - 1)
    this.struck.push(number)
    this.#tally.add(`fault: ${fault} ${where}`)
    return true
  }

  /** Drawn for what follows from a strike: how late, which of two. */
  draw = (): number => this.#random.next()
}
