import type { Clock } from '@flotilla/decider/clock'
import { ManualClock } from '@flotilla/decider/manual-clock'
import type { DueWork, OutboxRow } from '@flotilla/decider/store'
import type { Attempt, Worker } from '../src/attempt.ts'
import type { RelayFailure, RelayLimits, RelaySuccess } from '../src/delivery.ts'
import { createRelay, type Relay } from '../src/relay.ts'
import { createSweeper, type Sweeper, type SweeperOptions } from '../src/sweeper.ts'
import { createWorkRunner, type WorkOptions, type WorkRunner } from '../src/work.ts'
import { Broker } from './broker.ts'
import { Database } from './database.ts'

export const lease = 30_000

export interface World {
  readonly clock: ManualClock
  readonly database: Database
  readonly broker: Broker
}

export function createWorld(): World {
  const clock = new ManualClock()
  return { clock, database: new Database(clock), broker: new Broker(clock) }
}

export interface Replica {
  readonly relay: Relay
  readonly runner: WorkRunner
  readonly sweeper: Sweeper
  readonly sent: RelaySuccess[]
  readonly failed: RelayFailure[]
  readonly attempts: Attempt[]
  readonly logged: { level: string; message: string }[]
  /** Commands that had their effect. */
  readonly done: string[]
  /** Writes rows and work as a handler does, and hands them over in the same turn. */
  commit(rows: readonly OutboxRow[], work?: readonly DueWork[]): void
  /** kill -9: nothing of it happens any more. */
  kill(): void
}

export interface ReplicaOptions {
  readonly limits?: Partial<RelayLimits>
  readonly workers?: Record<string, Worker<string>>
  readonly work?: Partial<WorkOptions<string>>
  readonly sweeper?: Partial<SweeperOptions>
}

export function createReplica({ clock, database, broker }: World, options: ReplicaOptions = {}): Replica {
  const life = mortal(clock)
  const [sent, failed, attempts, done]: [RelaySuccess[], RelayFailure[], Attempt[], string[]] = [[], [], [], []]
  const logged: Replica['logged'] = []
  const log = (level: string) => (fields: unknown, message?: string) =>
    void logged.push({ level, message: message ?? String(fields) })
  const logger = { info: log('info'), warn: log('warn'), error: log('error') }
  const relay = createRelay({
    store: database,
    publish: broker.publish,
    clock: life.clock,
    logger,
    limits: options.limits,
    onSent: (success) => sent.push(success),
    onFailed: (failure) => failed.push(failure),
  })
  const runner = createWorkRunner<string>({
    store: database,
    clock: life.clock,
    workers: options.workers ?? {},
    logger,
    onAttempt: (attempt) => attempts.push(attempt),
    async finish({ id }, command) {
      if (database.away) await database.claimWork(0, 0, 0)
      if (!database.work.delete(id)) return { status: 'repeated' }
      done.push(command)
      return { status: 'accepted' }
    },
    ...options.work,
  })
  const sweeper = createSweeper({ store: database, relay, runner, clock: life.clock, logger, ...options.sweeper })
  return {
    ...{ relay, runner, sweeper, sent, failed, attempts, logged, done },
    commit(rows, work = []) {
      for (const row of rows) database.outbox.set(row.id, row)
      for (const each of work) database.work.set(each.id, each)
      relay.offer(rows)
      runner.offer(work.filter(({ dueAt }) => dueAt <= clock.now()))
    },
    kill: life.end,
  }
}

/** A clock that stops for a process that was killed. */
export function mortal(clock: Clock): { clock: Clock; end(): void } {
  let alive = true
  const living = (run: () => void) => () => {
    if (alive) run()
  }
  return {
    clock: {
      now: () => clock.now(),
      random: () => clock.random(),
      after: (milliseconds, run) => clock.after(milliseconds, living(run)),
      defer: (run) => clock.defer(living(run)),
    },
    end() {
      alive = false
    },
  }
}

export function rows(clock: Clock, count: number, topic = 'orders', prefix = topic): OutboxRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${prefix}.${index}`,
    topic,
    type: 'order.placed.v1',
    correlationId: `${index}`,
    body: '{}',
    properties: { writtenAt: `${clock.now()}` },
    leaseUntil: clock.now() + lease,
  }))
}

export function work(clock: Clock, id: string, kind: string, dueAt = clock.now()): DueWork {
  const visibleAt = dueAt > clock.now() ? dueAt : clock.now() + lease
  return { id, kind, home: `order:${id}`, payload: {}, dueAt, visibleAt, attempts: 0 }
}
