import type { ServiceName } from '@flotilla/contracts/topology'
import type { Answered, Ask } from '@flotilla/host/testing'
import { Life } from './life.ts'
import type { Plan } from './plan.ts'
import { Random } from './random.ts'
import { buildService, type Service, type Surroundings } from './services.ts'
import type { World } from './world.ts'

interface Process {
  readonly life: Life
  readonly service: Service
  /** Resolves when it is dead. */
  readonly died: Promise<undefined>
  /** A load balancer sends nothing to it any more. */
  draining: boolean
}

/** One place for a process, with what comes after it. */
class Slot {
  readonly name: string
  readonly service: ServiceName
  readonly skew: number
  generation = 0
  /** For how long it stays down after its next end, where that is planned; in milliseconds. */
  downFor: number | undefined
  /** It ends as it was asked to: no crash. */
  orderly = false
  process: Process | undefined

  constructor(service: ServiceName, number: number, skew: number) {
    this.service = service
    this.name = `${service}-${number}`
    this.skew = skew
  }
}

/** Kubernetes's, in milliseconds. */
const terminationGrace = 30_000

/** The processes of all four services: started, killed, drained, started again. */
export class Fleet {
  readonly #world: World
  readonly #plan: Plan
  readonly #around: Surroundings
  readonly #slots: readonly Slot[]
  readonly #restarts: Random
  /** Since when no process of the order service runs, or none but those that drain. */
  #ordersDownSince: number | undefined

  constructor(world: World, plan: Plan, around: Surroundings) {
    const random = new Random(plan.seed, 'fleet')
    this.#world = world
    this.#plan = plan
    this.#around = around
    this.#restarts = random
    const { replicas, skew } = plan.settings
    this.#slots = (Object.keys(replicas) as ServiceName[]).flatMap((service) =>
      Array.from({ length: replicas[service] }, (_, index) => {
        return new Slot(service, index + 1, Math.round((random.next() * 2 - 1) * skew))
      }),
    )
  }

  start(): void {
    for (const slot of this.#slots) this.#start(slot)
  }

  /** Where the HTTP sides of processes are. */
  get places(): (readonly ['order' | 'inventory', string])[] {
    return this.#slots.flatMap(({ service, name }) =>
      service === 'order' || service === 'inventory' ? [[service, name] as const] : [],
    )
  }

  /** The run is over: nothing of any process happens any more. */
  end(): void {
    for (const { process } of this.#slots) process?.life.end()
  }

  /** Whether a process of this service takes requests. */
  isUp(service: ServiceName): boolean {
    return this.#slots.some((slot) => slot.service === service && slot.process && !slot.process.draining)
  }

  /** A request to any replica; undefined when there is no answer. */
  async ask(service: 'order' | 'inventory', route: string, ask: Ask): Promise<Answered | undefined> {
    const able = this.#slots.filter((slot) => slot.service === service && slot.process && !slot.process.draining)
    if (able.length === 0) return undefined
    const slot = able[Math.floor(this.#world.latency.next() * able.length)] as Slot
    const { died } = slot.process as Process
    const { time } = this.#world
    time.turning += 1
    try {
      return await Promise.race([this.#around.doorways.of(service, slot.name).ask(route, ask), died])
    } finally {
      time.turning -= 1
    }
  }

  kill(name: string, down: number, why: string): void {
    const slot = this.#slots.find((each) => each.name === name)
    if (!slot?.process) return
    slot.downFor = down
    slot.process.life.kill(why)
  }

  /** As a rollout ends a pod, and starts the next one. */
  restart(name: string): void {
    const slot = this.#slots.find((each) => each.name === name)
    if (!slot?.process || slot.process.draining) return
    const { life, service } = slot.process
    slot.process.draining = true
    if (slot.service === 'order' && !this.isUp('order')) this.#ordersDownSince ??= this.#world.time.now
    this.#world.tell(name, () => 'is told to end')
    const grace = this.#world.time.at(this.#world.time.now + terminationGrace, () => {
      this.#world.tally.add('restart: by force')
      life.kill('after its grace')
    })
    const end = async () => {
      await service.engine.drain.receive.run()
      await service.engine.drain.send.run()
      await service.close()
      slot.orderly = true
      this.#world.tally.add('restart: in order')
      life.kill('in order')
    }
    life.onDeath(grace)
    slot.downFor = 1_000
    void end()
  }

  #start(slot: Slot) {
    const name = slot.name
    slot.generation += 1
    if (slot.service === 'order' && this.#ordersDownSince !== undefined) {
      this.#world.hindered('order-db', this.#ordersDownSince, this.#world.time.now)
      this.#ordersDownSince = undefined
    }
    const life = new Life(this.#world, name, this.#plan.seed * 31 + slot.generation, slot.skew)
    const died = new Promise<undefined>((resolve) => {
      life.onDeath(() => {
        const { time } = this.#world
        const down = slot.downFor ?? this.#restarts.skewed(100, 60_000)
        if (!slot.orderly) this.#world.hindered(slot.service, time.now, time.now)
        slot.process = undefined
        slot.downFor = undefined
        slot.orderly = false
        if (slot.service === 'order' && !this.isUp('order')) this.#ordersDownSince ??= time.now
        resolve(undefined)
        time.at(time.now + down, () => this.#start(slot))
      })
    })
    const service = buildService(slot.service, {
      world: this.#world,
      life,
      settings: this.#plan.settings,
      around: this.#around,
    })
    slot.process = { life, died, draining: false, service }
    if (slot.generation > 1) this.#world.tell(name, () => 'starts')
    void service.engine.start()
  }
}
