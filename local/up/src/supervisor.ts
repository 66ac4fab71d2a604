import { renameSync, writeFileSync } from 'node:fs'
import type { Databases } from './databases.ts'
import { filesIn, type Member } from './members.ts'
import { describe, type Running, run, untilReady } from './process.ts'

export interface SupervisorOptions {
  readonly data: string
  /** For whoever reads fleet.json. */
  readonly databases: Databases['places']
  /** Told of what dies and is started again. */
  readonly say: (line: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
}

interface Place {
  readonly member: Member
  running: Running | undefined
  /** Set while the process is wanted to be away: at the end, or by a test. */
  away: boolean
  ready: Promise<void>
  /** Whether the process that runs now has ever been ready; before, a signal may just end it. */
  wasReady: boolean
}

/** Pauses between starts of a process that keeps dying, in milliseconds: as in a cluster, longer each time. */
const pauses = [0, 250, 500, 1_000, 2_000, 5_000] as const
/** Kubernetes' default grace period, in milliseconds. */
const grace = 30_000

/** Keeps the processes of the fleet running, as a cluster would, and writes who they are to fleet.json. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #places = new Map<string, Place>()

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** Starts a member and resolves when it is ready; throws, with the end of its log, when it cannot start. */
  async start(member: Member): Promise<void> {
    const place: Place = { member, running: undefined, away: false, ready: Promise.resolve(), wasReady: false }
    this.#places.set(member.name, place)
    place.ready = this.#launch(place)
    await place.ready
  }

  pid(name: string): number {
    return this.#place(name).running?.pid ?? 0
  }

  /** Sends a signal; a process that dies of it is started again. */
  kill(name: string, signal: NodeJS.Signals): void {
    this.#place(name).running?.kill(signal)
  }

  /** Ends a process with SIGKILL and leaves it away until `back`. */
  async away(name: string): Promise<void> {
    const place = this.#place(name)
    place.away = true
    place.running?.kill('SIGKILL')
    await place.running?.exited
  }

  /** Ends a process in order and leaves it away until `back`. */
  async drain(name: string): Promise<void> {
    const place = this.#place(name)
    place.away = true
    place.running?.kill('SIGTERM')
    await place.running?.exited
  }

  async back(name: string): Promise<void> {
    const place = this.#place(name)
    place.away = false
    place.ready = this.#launch(place)
    await place.ready
  }

  /** Resolves when the process is ready (again). */
  async ready(name: string): Promise<void> {
    await this.#place(name).ready
  }

  /** Ends all with SIGTERM, the last started first, and what does not end with SIGKILL. Returns who did not drain. */
  async stop(): Promise<string[]> {
    const bad: string[] = []
    for (const place of [...this.#places.values()].reverse()) {
      place.away = true
      const { running } = place
      if (!running) continue
      running.kill('SIGTERM')
      const timer = setTimeout(() => running.kill('SIGKILL'), grace)
      const exit = await running.exited
      clearTimeout(timer)
      if (exit.code !== 0 && place.wasReady) bad.push(`${place.member.name} (${describe(exit)})`)
    }
    this.#record(null)
    return bad
  }

  /** Starts the process and waits until it is ready; from then on it is started again whenever it dies. */
  async #launch(place: Place): Promise<void> {
    const { member } = place
    const log = filesIn(this.#options.data).log(member.name)
    const running = run(member, log, this.#options.environment)
    place.running = running
    place.wasReady = false
    this.#record()
    void running.exited.then(() => {
      if (place.running !== running) return
      place.running = undefined
      this.#record()
    })
    await untilReady(member, running, log)
    place.wasReady = true
    void running.exited.then((exit) => {
      if (place.away) return
      this.#options.say(`${member.name} died (${describe(exit)}); starting it again`)
      place.ready = this.#revive(place)
    })
  }

  async #revive(place: Place): Promise<void> {
    for (let failures = 0; !place.away; failures += 1) {
      const pause = pauses[Math.min(failures, pauses.length - 1)] as number
      await new Promise((resolve) => setTimeout(resolve, pause))
      try {
        if (!place.away) return await this.#launch(place)
      } catch (error) {
        if (!place.away) this.#options.say(error instanceof Error ? error.message : String(error))
      }
    }
  }

  /** Whole or not at all: readers never see half a file. */
  #record(pid: number | null = process.pid) {
    const { data, databases } = this.#options
    const { fleet } = filesIn(data)
    const members = [...this.#places.values()].map(({ member: { name, url, ready }, running }) => ({
      name,
      pid: running?.pid ?? null,
      url,
      ready,
    }))
    writeFileSync(`${fleet}.new`, `${JSON.stringify({ pid, databases, members }, null, 2)}\n`)
    renameSync(`${fleet}.new`, fleet)
  }

  #place(name: string): Place {
    const place = this.#places.get(name)
    if (place) return place
    throw new Error(`no process is called ${name}; there are ${[...this.#places.keys()].join(', ')}`)
  }
}
