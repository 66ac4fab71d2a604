import { type Attempt, figuresOf, type Phase } from './attempts.ts'
import type { Flux } from './flux.ts'
import type { Kubectl } from './kubectl.ts'
import type { Load } from './load.ts'
import type { Assertion, Outcome, Rollout } from './report.ts'
import type { Repository } from './repository.ts'

/** What one run has found until now. */
export class Session {
  readonly say: (line: string) => void
  readonly rollouts: Rollout[] = []
  readonly assertions: Assertion[] = []
  readonly phases: Phase[] = []
  readonly notDone: string[] = []
  loads: readonly Load[] = []
  readonly #until: number

  /** @param until when it gives up, in milliseconds since the epoch. */
  constructor(say: (line: string) => void, until: number) {
    this.say = say
    this.#until = until
  }

  get attempts(): readonly Attempt[] {
    return this.loads.flatMap(({ attempts }) => attempts)
  }

  /** Does something while the load goes on; requests sent meanwhile are counted under its name. */
  async phase(name: string, act: () => Promise<void>): Promise<void> {
    if (Date.now() > this.#until) throw new Error(`the time is over before: ${name}; give more with --minutes`)
    for (const load of this.loads) load.check()
    const from = Date.now()
    try {
      await act()
    } finally {
      const to = Date.now()
      this.phases.push({ name, from, to })
      const [figures] = figuresOf([{ name, from, to }], this.attempts)
      const failed = figures?.failed.length ?? 0
      this.say(`${name}: ${((to - from) / 1_000).toFixed(1)} s, ${figures?.requests ?? 0} orders, ${failed} failed`)
    }
  }

  /** Measures how long something takes until it is complete. */
  async rollout(what: string, act: () => Promise<void>): Promise<void> {
    const begun = performance.now()
    await act()
    this.rollouts.push({ what, seconds: (performance.now() - begun) / 1_000 })
  }

  holds(what: string, problems: readonly string[]): void {
    this.assert([{ what, broken: problems.length === 0 ? undefined : problems.join('; ') }])
  }

  /** Says what this cluster cannot show. */
  cannot(what: string): void {
    this.notDone.push(what)
    this.say(`not done: ${what}`)
  }

  assert(assertions: readonly Assertion[]): void {
    this.assertions.push(...assertions)
    for (const { what, broken } of assertions)
      this.say(broken === undefined ? `ok: ${what}` : `BROKEN: ${what}: ${broken}`)
  }

  outcome(verified: Pick<Outcome, 'findings' | 'ends'>): Outcome {
    return { ...this, ...verified, attempts: this.attempts, phases: figuresOf(this.phases, this.attempts) }
  }
}

/** What every step of a run works with. */
export interface Cluster {
  readonly kubectl: Kubectl
  readonly flux: Flux
  readonly repository: Repository
  /** What Flux has alerted until now, as JSON. */
  readonly alerts: readonly string[]
  readonly session: Session
}
