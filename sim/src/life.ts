import type { Clock } from '@flotilla/decider/clock'
import type { Rates } from './chaos.ts'
import { Random } from './random.ts'
import type { Dependency, World } from './world.ts'

/** One call from a process to the outside: the way there, what is done there, and the way back. */
export interface Step<T> {
  readonly to: Dependency
  /** What is asked, for the story and the tally: `transact`, `send`, `confirm`. */
  readonly what: string
  /** What is done there. It is not done when the step is refused, and is done though its answer is lost. */
  readonly run: () => T | Promise<T>
  /** The error of a dependency that is away or gave no answer. `sent`: it may have been done all the same. */
  readonly failure: (sent: boolean) => Error
  /** Takes no time and is not refused: the call is within the process, such as that of an embedded database. */
  readonly instant?: boolean
  /** A read: it has no effect, so that nothing follows from its being done unheard. */
  readonly harmless?: boolean
  /** No chance fault strikes here, but that it takes its time. */
  readonly spared?: boolean
  /** For how long the caller waits at most, in milliseconds. */
  readonly patience?: number
  /** What came of it, for the story. */
  readonly tell?: (result: T) => string
}

/** Each its own: one for all would remember everybody who ever waited for it. */
const never = () => new Promise<never>(() => {})
/** How much likelier a process dies at a call of these: there are few of them, and much hangs on each. */
const seldom: Readonly<Record<string, number>> = {
  'mail-server send': 5,
  'card-processor create': 5,
  'card-processor confirm': 5,
  'card-processor cancel': 25,
  'card-processor refund': 25,
}
/** Milliseconds. */
const usual = { low: 0.2, high: 20 }
const slow = { low: 500, high: 45_000 }

/** A process, from its start to its death: its clock, and its calls to the outside. Nothing of it happens after its death. */
export class Life {
  readonly name: string
  readonly clock: Clock
  readonly #world: World
  readonly #onDeath = new Set<() => void>()
  #alive = true

  /** `skew`: how far its clock is ahead, in milliseconds. */
  constructor(world: World, name: string, seed: number, skew: number) {
    const { time } = world
    const random = new Random(seed, name)
    this.#world = world
    this.name = name
    this.clock = {
      now: () => Math.floor(time.now + skew),
      random: random.next,
      defer: (run) => time.defer(() => this.#alive && run()),
      after: (milliseconds, run, what) =>
        time.at(time.now + Math.max(0, milliseconds), () => this.#alive && run(), what ?? 'event'),
    }
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Called once, when it dies; the returned function takes it back. */
  onDeath(run: () => void): () => void {
    this.#onDeath.add(run)
    return () => this.#onDeath.delete(run)
  }

  /** Nothing of it happens any more. */
  end(): void {
    this.#alive = false
  }

  /** As by kill -9. */
  kill(why: string): void {
    if (!this.#alive) return
    this.#alive = false
    this.#world.tell(this.name, () => `dies ${why}`)
    for (const run of this.#onDeath) run()
  }

  async call<T>({
    to,
    what,
    run,
    failure,
    instant = false,
    harmless = false,
    spared = false,
    patience = Number.POSITIVE_INFINITY,
    tell,
  }: Step<T>): Promise<T> {
    if (!this.#alive) return never()
    const { chaos, tally, time } = this.#world
    const where = `${to} ${what}`
    const strikes = (fault: keyof Rates, what = where, times?: number) => !spared && chaos.strikes(fault, what, times)
    const dies = (what?: string) => !harmless && strikes('death', what, seldom[where])
    const story = (how: () => string) => this.#world.tell(this.name, () => `${what} → ${to}: ${how()}`)
    const waits = harmless ? 0 : patience
    if (dies()) {
      this.kill(`as it asks ${to} to ${what}`)
      return never()
    }
    // What is on its way arrives, whatever becomes of the process.
    if (!instant) await this.#travel(to, where, waits)
    if (this.#world.isAway(to, harmless)) {
      tally.add(`fault: away ${where}`)
      if (!instant) await this.#travel(to, where, waits)
      return this.#unless(failure(false))
    }
    if (!instant && strikes('refused')) {
      story(() => 'fails, nothing was done')
      this.#world.hindered(to, time.now, time.now)
      return this.#unless(failure(false))
    }
    if (!this.#alive) tally.add(`late: ${where}`)
    const result = await this.#heard(run)
    if (tell) story(() => tell(result))
    if (dies(`${where} unheard`)) {
      this.kill(`before it hears that ${to} did ${what}`)
      return never()
    }
    if (!harmless && !instant && strikes('lost')) {
      story(() => 'is done, and the answer is lost')
      this.#world.hindered(to, time.now, time.now, true)
      await this.#travel(to, where, waits)
      return this.#unless(failure(true))
    }
    if (!instant) await this.#travel(to, where, waits)
    if (!instant && this.#world.isAway(to, true)) {
      tally.add(`fault: away ${where} unheard`)
      this.#world.hindered(to, time.now, time.now, true)
      return this.#unless(failure(true))
    }
    return this.#alive ? result : never()
  }

  /** Nobody hears of what goes wrong after a death. */
  async #heard<T>(run: () => T | Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      if (this.#alive) throw error
      return never()
    }
  }

  /** The dead hear nothing. */
  #unless(error: Error): Promise<never> {
    return this.#alive ? Promise.reject(error) : never()
  }

  /** `waits`: for how long this hinders whoever waits for it, in milliseconds. */
  async #travel(to: Dependency, where: string, waits: number): Promise<void> {
    const { chaos, latency, time } = this.#world
    const isSlow = chaos.strikes('slow', where)
    const takes = isSlow ? latency.skewed(slow.low, slow.high) : latency.skewed(usual.low, usual.high)
    if (isSlow && waits > 0) this.#world.hindered(to, time.now, time.now + Math.min(takes, waits), true)
    await new Promise<void>((resolve) => time.at(time.now + takes, resolve))
  }
}
