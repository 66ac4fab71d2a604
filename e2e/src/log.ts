import { setTimeout as pause } from 'node:timers/promises'
import { type Companion, ProgramFailed } from './child.ts'
import type { Kubectl } from './kubectl.ts'

/** A connection on which nothing is heard for so many milliseconds may be a dead one. */
const silentFor = 45_000
const againAfter = 1_000

/**
 * The log of a pod's program, whose lines are all different. A connection that is cut or falls silent is made anew, and what was heard
 * before is not heard again.
 */
export class PodLog {
  readonly #kubectl: Kubectl
  readonly #pod: { readonly namespace: string; readonly name: string }
  readonly #hear: (line: string) => void
  readonly #silentFor: number
  readonly #heard = new Set<string>()
  readonly #followed: Promise<void>
  #connection: Companion | undefined
  #isClosed = false
  #hasEnded = false

  constructor(
    kubectl: Kubectl,
    pod: { readonly namespace: string; readonly name: string },
    hear: (line: string) => void,
    silent = silentFor,
  ) {
    this.#kubectl = kubectl
    this.#pod = pod
    this.#hear = hear
    this.#silentFor = silent
    this.#followed = this.#follow()
  }

  /** The program has ended, and all that it said was heard. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#connection?.stop()
    await this.#followed
  }

  async #follow(): Promise<void> {
    while (!this.#isClosed) {
      const isOver = await this.#isOver()
      if (this.#isClosed) return
      const { code } = await this.#connect()
      if (isOver && code === 0) {
        this.#hasEnded = true
        return
      }
      await pause(againAfter)
    }
  }

  async #connect() {
    let last = Date.now()
    const connection = this.#kubectl.logs(this.#pod.namespace, this.#pod.name, (line) => {
      last = Date.now()
      if (this.#heard.has(line)) return
      this.#heard.add(line)
      this.#hear(line)
    })
    this.#connection = connection
    const watch = setInterval(() => {
      if (Date.now() - last > this.#silentFor) void connection.stop()
    }, againAfter)
    try {
      return await connection.ended
    } finally {
      clearInterval(watch)
    }
  }

  /** What is not known now is asked again with the next connection. */
  async #isOver(): Promise<boolean> {
    const { namespace, name } = this.#pod
    try {
      const { status } = await this.#kubectl.json<{ status: { phase: string } }>(['get', 'pod', '-n', namespace, name])
      return status.phase === 'Succeeded' || status.phase === 'Failed'
    } catch (error) {
      if (error instanceof ProgramFailed) return false
      throw error
    }
  }
}
