import type { FastifyInstance } from 'fastify'
import type { Dependency } from './dependency.ts'

/** Where a process is in its life; probes show it, `runProcess` moves it. */
export type Health = {
  readonly isStarted: boolean
  readonly isDraining: boolean
  /** Started, not draining, and not waiting. */
  readonly isReady: boolean
  started(): void
  draining(): void
  /** It is not ready before this has settled: what the first requests would have to wait for. */
  waitFor(what: Promise<unknown>): void
}

/** The health of a process that is starting. */
export function createHealth(): Health {
  let isStarted = false
  let isDraining = false
  let waiting = 0
  const settled = () => {
    waiting--
  }
  return {
    get isStarted() {
      return isStarted
    },
    get isDraining() {
      return isDraining
    },
    get isReady() {
      return isStarted && !isDraining && waiting === 0
    },
    started() {
      isStarted = true
    },
    draining() {
      isDraining = true
    },
    waitFor(what) {
      waiting++
      what.then(settled, settled)
    },
  }
}

/**
 * The probes: the only routes without a token. None of them asks a database or a peer, because one blip of either would
 * take every replica out at once; `/health/deps` tells people what the breakers know already.
 */
export function registerProbes(app: FastifyInstance, health: Health, dependencies: readonly Dependency[]): void {
  const settings = { config: { isOpen: true, isProbe: true } }
  const answer = (name: string, isGood: () => boolean) =>
    app.get(`/health/${name}`, settings, (_request, reply) => {
      const good = isGood()
      return reply.code(good ? 200 : 503).send({ status: good ? 'ok' : 'not-ok' })
    })
  answer('startup', () => health.isStarted)
  answer('live', () => true)
  answer('ready', () => health.isReady)
  app.get('/health/deps', settings, () => ({ dependencies: dependencies.map((dependency) => dependency.status()) }))
}
