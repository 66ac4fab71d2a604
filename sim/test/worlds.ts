import { Chaos, type Rates } from '../src/chaos.ts'
import { Life } from '../src/life.ts'
import { Random } from '../src/random.ts'
import { Tally } from '../src/tally.ts'
import { Time } from '../src/time.ts'
import type { Dependency, Finding, World } from '../src/world.ts'

export const start = Date.UTC(2026, 0, 1)
export const none: Rates = {
  death: 0,
  refused: 0,
  lost: 0,
  slow: 0,
  duplicate: 0,
  delay: 0,
  lock: 0,
  aside: 0,
  replay: 0,
}

/** Strikes where a test says so, once for each time that it does. */
class Planned extends Chaos {
  readonly #places: string[]
  readonly #draws: number[]

  constructor(places: readonly string[], draws: readonly number[]) {
    super(1, none, new Tally())
    this.#places = [...places]
    this.#draws = [...draws]
  }

  override strikes(fault: keyof Rates, where: string): boolean {
    const index = this.#places.indexOf(`${fault} ${where}`)
    if (index >= 0) this.#places.splice(index, 1)
    return index >= 0
  }

  override draw = (): number => this.#draws.shift() ?? 0
}

/** A world in which nothing goes wrong but what a test names, with one process. */
export function createWorld({ strikes = [], draws = [] }: { strikes?: string[]; draws?: number[] } = {}) {
  const time = new Time(start)
  const away = new Set<Dependency>()
  const full = new Set<Dependency>()
  const hindered: [what: string, from: number, to: number, unsure: boolean][] = []
  const story: string[] = []
  const findings: Finding[] = []
  const world: World = {
    time,
    chaos: new Planned(strikes, draws),
    tally: new Tally(),
    latency: new Random(1, 'latency'),
    isAway: (dependency, forReads = false) => away.has(dependency) || (!forReads && full.has(dependency)),
    hindered: (what, from, to, unsure = false) => void hindered.push([what, from, to, unsure]),
    tell: (who, what) => void story.push(`${who} ${what()}`),
    broken: (finding) => void findings.push(finding),
  }
  const birth = (name: string) => new Life(world, name, 1, 0)
  return { world, time, away, full, hindered, story, findings, birth, life: birth('one') }
}

/** Lets time pass until there is an answer, and tells what came of it and how long it took. */
export async function outcome<T>(time: Time, answer: Promise<T>) {
  const began = time.now
  let end: { value: T } | { error: unknown } | undefined
  answer.then(
    (value) => {
      end = { value }
    },
    (error: unknown) => {
      end = { error }
    },
  )
  await time.settle()
  for (let steps = 0; !end && steps < 1_000; steps += 1) await time.step()
  const { value, error } = { value: undefined, error: undefined, ...end }
  return { value, error: error as (Error & Record<string, unknown>) | undefined, took: time.now - began, isOver: !!end }
}
