import { createTwin } from '@flotilla/store-cosmos/twin'
import { forgetListeners } from '@flotilla/telemetry/registry'
import { SimulatedBroker } from './broker.ts'
import { createCardProcessorTwin } from './card-processor.ts'
import { Chaos } from './chaos.ts'
import { Customers } from './customers.ts'
import { openDatabase, type SqlService } from './database.ts'
import { twinFault, twinOwes } from './documents.ts'
import { Doorways } from './doorways.ts'
import { Ending } from './ending.ts'
import { Fleet } from './fleet.ts'
import { createMailServer } from './mail-server.ts'
import { watchMoments } from './moments.ts'
import type { Plan, Scene } from './plan.ts'
import { lockDuration } from './queue.ts'
import { Random } from './random.ts'
import type { Surroundings } from './services.ts'
import { Tally } from './tally.ts'
import { Time } from './time.ts'
import type { Dependency, Finding, World } from './world.ts'

/** What a run came to. */
export interface Result {
  readonly seed: number
  readonly findings: readonly Finding[]
  /** How often faults struck, and paths were taken. */
  readonly counts: Readonly<Record<string, number>>
  /** The numbers of the faults that struck. */
  readonly struck: readonly number[]
  readonly story: readonly string[]
  /** Timers run, and simulated milliseconds. */
  readonly steps: number
  readonly simulated: number
}

const beginning = Date.UTC(2026, 0, 5)
const day = 86_400_000
/** The catalogue is told within it; then orders come. Milliseconds. */
const opening = 3_000
/** From then on nothing goes wrong any more, and two days later all must be at rest. */
const calmAfter = 3 * day
const restAfter = calmAfter + 2 * day
const stepsAtMost = 50_000
/** The sweepers look at least so often, in milliseconds. */
const look = 1_100

/** Made once for a thread, because it costs milliseconds. */
let kept: Pick<Surroundings, 'databases' | 'doorways'> | undefined
const keep = () => {
  kept ??= {
    databases: { order: openDatabase('order'), inventory: openDatabase('inventory'), payment: openDatabase('payment') },
    doorways: new Doorways(),
  }
  return kept
}

/** Plays a plan to its end, and says which promises it broke. The same plan always comes to the same. One at a time. */
export function simulate(plan: Plan, { story = false }: { readonly story?: boolean } = {}): Promise<Result> {
  return new Run(plan, story).play()
}

class Run {
  readonly #plan: Plan
  readonly #time = new Time(beginning)
  readonly #tally = new Tally()
  readonly #findings: Finding[] = []
  readonly #story: string[] = []
  /** How many outages there are at the moment, and how many of them leave reads. */
  readonly #away = new Map<Dependency, number>()
  readonly #full = new Map<Dependency, number>()
  readonly #world: World
  readonly #around: Surroundings
  readonly #fleet: Fleet
  readonly #customers: Customers
  readonly #ending: Ending

  constructor(plan: Plan, story: boolean) {
    const { seed, settings, strikes } = plan
    const time = this.#time
    const chaos = new Chaos(seed, settings.rates, this.#tally, { only: strikes, budget: { death: settings.deaths } })
    this.#plan = plan
    this.#world = {
      time,
      chaos,
      latency: new Random(seed, 'latency'),
      tally: this.#tally,
      isAway: (dependency, forReads = false) =>
        (this.#away.get(dependency) ?? 0) > 0 || (!forReads && (this.#full.get(dependency) ?? 0) > 0),
      hindered: (...of) => this.#ending.hindered(...of),
      tell: story ? (who, what) => void this.#story.push(line(time.now, who, what())) : () => {},
      broken: (finding) => this.#broken(finding),
    }
    this.#around = surroundings(this.#world, settings, story)
    this.#fleet = new Fleet(this.#world, plan, this.#around)
    this.#ending = new Ending(this.#world, settings, this.#around)
    this.#customers = new Customers(this.#world, this.#fleet, (id) => this.#ending.accepted(id))
  }

  async play(): Promise<Result> {
    const { databases, doorways } = this.#around
    for (const database of Object.values(databases)) database.reset()
    await doorways.ready(this.#fleet.places)
    this.#fleet.start()
    this.#schedule()
    await this.#time.settle()
    while (this.#findings.length === 0 && !this.#isAtRest()) await this.#time.step()
    // What is broken already has stopped the world in the middle of it.
    if (this.#findings.length === 0) {
      const { findings, paths } = this.#ending.measure(this.#customers.ledger)
      for (const finding of findings) this.#broken(finding)
      for (const path of paths) this.#tally.add(`path: ${path}`)
    }
    this.#fleet.end()
    forgetListeners()
    return {
      seed: this.#plan.seed,
      findings: this.#findings,
      counts: this.#tally.counts,
      struck: this.#world.chaos.struck,
      story: this.#story,
      steps: this.#time.steps,
      simulated: this.#time.now - beginning,
    }
  }

  #broken(finding: Finding) {
    this.#findings.push(finding)
    this.#world.tell('BROKEN', () => `${finding.promise} ${finding.about}: ${finding.what}`)
  }

  #schedule() {
    const { settings, scenes } = this.#plan
    for (const item of settings.stock) this.#customers.list(item)
    for (const scene of scenes) {
      this.#tally.add(`scene: ${scene.kind}${scene.kind === 'outage' ? ` of ${scene.of}` : ''}`)
      this.#time.at(beginning + opening + scene.at, () => this.#begin(scene))
    }
  }

  #begin(scene: Scene) {
    const time = this.#time
    switch (scene.kind) {
      case 'order':
        return this.#customers.order(scene)
      case 'restock':
        return this.#customers.restock(scene)
      case 'price':
        return this.#customers.price(scene)
      case 'rebuild':
        this.#world.tell('order-db', () => 'loses its price list')
        this.#around.databases.order.database.exec('DELETE FROM price')
        time.at(time.now + scene.announcedAfter, () => this.#customers.announce())
        return
      case 'outage':
        return this.#outage(scene)
      case 'kill':
        return this.#fleet.kill(`${scene.service}-${scene.replica}`, scene.down, 'by kill -9')
      case 'restart':
        return this.#fleet.restart(`${scene.service}-${scene.replica}`)
    }
  }

  #outage({ of, lasts, onlyWrites = false }: Extract<Scene, { kind: 'outage' }>) {
    const time = this.#time
    const outages = onlyWrites ? this.#full : this.#away
    const change = (by: number) => outages.set(of, (outages.get(of) ?? 0) + by)
    change(1)
    this.#world.hindered(of, time.now, time.now + lasts)
    this.#world.tell(of, () => `is ${onlyWrites ? 'full' : 'away'} for ${Math.round(lasts / 100) / 10} s`)
    time.at(time.now + lasts, () => {
      change(-1)
      if (this.#world.isAway(of)) return
      this.#world.tell(of, () => 'is back')
      if (of === 'broker') this.#around.broker.resume()
    })
    if (of === 'broker' && lasts > lockDuration) time.at(time.now + lockDuration, () => this.#around.broker.lapse())
  }

  /** Whether nothing will ever happen again. Where nothing happens for a while, time leaps. */
  #isAtRest(): boolean {
    const time = this.#time
    if (time.now > beginning + calmAfter) this.#world.chaos.calm = true
    if (time.steps > stepsAtMost || time.now > beginning + restAfter) {
      this.#broken({
        promise: 'P1',
        about: 'the fleet',
        what: `is not at rest after ${time.steps} steps: ${this.#ending.owed()}; ${this.#customers.busy} customers wait`,
      })
      return true
    }
    const next = this.#nextAt()
    if (next === undefined) return this.#customers.busy === 0
    const leap = next - look - this.#plan.settings.skew
    if (leap > time.now) time.leap(leap)
    return false
  }

  /** When anything can happen that is not a look which finds nothing; undefined for never. */
  #nextAt(): number | undefined {
    const time = this.#time
    const event = time.next
    // Asking the databases costs more than most events.
    if (event !== undefined && event < time.now + look) return event
    const { databases, twin } = this.#around
    const moments = Object.entries(databases).map(([name, database]) =>
      this.#reachable(`${name as SqlService}-db`, database.owes()),
    )
    const set = [event, ...moments, this.#reachable('notification-db', twinOwes(twin))].filter(
      (moment) => moment !== undefined,
    )
    return set.length === 0 ? undefined : Math.min(...set)
  }

  #reachable(dependency: Dependency, { nextAt }: { readonly nextAt: number | undefined }): number | undefined {
    return this.#world.isAway(dependency) ? undefined : nextAt
  }
}

function surroundings(world: World, { skew }: Plan['settings'], verbose: boolean): Surroundings {
  let ids = 0
  const { databases, doorways } = keep()
  const cards = createCardProcessorTwin(world, { slow: 8_000, refund: 40_000 })
  const moments = watchMoments(world, { databases, intents: cards.intents, skew })
  return {
    databases,
    doorways,
    cards,
    moments,
    broker: new SimulatedBroker(world),
    twin: createTwin({ now: () => world.time.now, fault: twinFault(world) }),
    mail: createMailServer(world, moments.taken),
    newId: () => `01900000-0000-7000-8000-${String(++ids).padStart(12, '0')}`,
    verbose,
  }
}

function line(now: number, who: string, what: string): string {
  const seconds = ((now - beginning) / 1_000).toFixed(3)
  return `${seconds.padStart(12)} s  ${who.padEnd(16)} ${what}`
}
