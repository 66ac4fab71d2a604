import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Attempt, readLine } from './attempts.ts'
import { untilNone } from './flux.ts'
import type { LoadPlan } from './in-cluster/plan.ts'
import type { Kubectl } from './kubectl.ts'
import { PodLog } from './log.ts'
import { type ProgramPod, programPod } from './pods.ts'

export interface LoadPod extends Omit<ProgramPod, 'program' | 'args'> {
  readonly plan: LoadPlan
}

export const programOf = (name: 'load' | 'alerts' | 'stranger'): Promise<string> =>
  readFile(join(import.meta.dirname, 'in-cluster', `${name}.ts`), 'utf8')

/** Seconds. */
const beginsWithin = 90
const endsWithin = 120

/** Orders at a steady rate from one pod; what became of each is heard while it goes on. */
export class Load {
  readonly #kubectl: Kubectl
  readonly #pod: LoadPod
  readonly #log: PodLog
  readonly #attempts: Attempt[] = []
  #placed: number | undefined
  #fault: Error | undefined

  private constructor(kubectl: Kubectl, pod: LoadPod) {
    this.#kubectl = kubectl
    this.#pod = pod
    this.#log = new PodLog(kubectl, pod, (line) => this.#hear(line))
  }

  /** Resolves when the first order is answered. */
  static async start(kubectl: Kubectl, pod: LoadPod): Promise<Load> {
    await kubectl.apply(programPod({ ...pod, program: await programOf('load'), args: [JSON.stringify(pod.plan)] }))
    await kubectl.wait(['--namespace', pod.namespace, `pod/${pod.name}`], 'condition=Ready', beginsWithin)
    const load = new Load(kubectl, pod)
    await untilNone(`an order through ${pod.plan.door}`, beginsWithin, async () => {
      load.check()
      return load.attempts.length > 0 ? [] : ['none was answered']
    })
    return load
  }

  get door(): string {
    return this.#pod.plan.door
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts
  }

  /** Throws when it ended by itself or said what is no request: then figures would be about nothing. */
  check(): void {
    if (this.#fault) throw this.#fault
    if (this.#log.hasEnded || this.#placed !== undefined)
      throw new Error(`the load in ${this.#pod.namespace} ended by itself`)
  }

  /** No more orders; resolves when the last is answered. */
  async stop(): Promise<void> {
    this.check()
    const { namespace, name } = this.#pod
    await this.#kubectl.evaluate(namespace, name, "process.kill(1, 'SIGTERM')")
    await untilNone(`the load in ${namespace} ended`, endsWithin, async () => {
      if (this.#fault) throw this.#fault
      return this.#placed !== undefined || this.#log.hasEnded ? [] : ['not every order is answered']
    })
    await this.#log.close()
  }

  /** What is not known of its requests: those that it placed, and of which nothing was heard. */
  unknown(): string[] {
    if (this.#placed === undefined) return [`how many orders were placed through ${this.door}`]
    const heard = new Set(this.#attempts.map(({ sequence }) => sequence)).size
    return heard === this.#placed && heard === this.#attempts.length
      ? []
      : [`${this.#placed} orders were placed through ${this.door}, and ${heard} were heard of`]
  }

  #hear(line: string): void {
    try {
      const said = readLine(line)
      if ('placed' in said) this.#placed = said.placed
      else this.#attempts.push(said)
    } catch (error) {
      this.#fault ??= error as Error
    }
  }
}
