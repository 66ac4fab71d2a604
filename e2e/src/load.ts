import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Attempt, readAttempt } from './attempts.ts'
import type { Companion } from './child.ts'
import type { LoadPlan } from './in-cluster/plan.ts'
import type { Kubectl } from './kubectl.ts'
import { type ProgramPod, programPod } from './pods.ts'

export interface LoadPod extends Omit<ProgramPod, 'program' | 'args'> {
  readonly plan: LoadPlan
}

export const programOf = (name: 'load' | 'alerts' | 'stranger'): Promise<string> =>
  readFile(join(import.meta.dirname, 'in-cluster', `${name}.ts`), 'utf8')

/** Orders at a steady rate from one pod; what became of each is heard while it goes on. */
export class Load {
  readonly #kubectl: Kubectl
  readonly #pod: LoadPod
  readonly #log: Companion
  readonly #attempts: Attempt[]
  #fault: Error | undefined

  private constructor(kubectl: Kubectl, pod: LoadPod) {
    this.#kubectl = kubectl
    this.#pod = pod
    const attempts: Attempt[] = []
    this.#attempts = attempts
    this.#log = kubectl.logs(pod.namespace, pod.name, (line) => {
      try {
        attempts.push(readAttempt(line))
      } catch (error) {
        this.#fault ??= error as Error
      }
    })
  }

  static async start(kubectl: Kubectl, pod: LoadPod): Promise<Load> {
    await kubectl.apply(programPod({ ...pod, program: await programOf('load'), args: [JSON.stringify(pod.plan)] }))
    await kubectl.wait(['--namespace', pod.namespace, `pod/${pod.name}`], 'condition=Ready', 60)
    return new Load(kubectl, pod)
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts
  }

  /** Throws when it ended by itself or said what is no request: then figures would be about nothing. */
  async check(): Promise<void> {
    if (this.#fault) throw this.#fault
    const running = Symbol('running')
    const ended = await Promise.race([this.#log.ended, Promise.resolve(running)])
    if (ended !== running) throw new Error(`the load in ${this.#pod.namespace} ended by itself`)
  }

  /** No more orders; resolves when the last is answered. */
  async stop(): Promise<readonly Attempt[]> {
    await this.check()
    const { namespace, name } = this.#pod
    await this.#kubectl.evaluate(namespace, name, "process.kill(1, 'SIGTERM')")
    const { code, stderr } = await this.#log.ended
    if (code !== 0) throw new Error(`the log of the load in ${namespace} was cut off: ${stderr}`)
    await this.#kubectl.wait(['--namespace', namespace, `pod/${name}`], 'jsonpath={.status.phase}=Succeeded', 60)
    if (this.#fault) throw this.#fault
    return this.#attempts
  }
}
