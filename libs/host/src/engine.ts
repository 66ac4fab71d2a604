import type { Broker, Delivery, Subscription } from '@flotilla/broker/broker'
import { DeadLetter } from '@flotilla/broker/broker'
import { type Envelope, open } from '@flotilla/contracts/envelope'
import { type ServiceName, subscriptionsOf } from '@flotilla/contracts/topology'
import type { Domain, Outcome, Request } from '@flotilla/decider/batch'
import type { Clock } from '@flotilla/decider/clock'
import type { Key } from '@flotilla/decider/decider'
import { createHandler, type Handle } from '@flotilla/decider/handler'
import type { DueWork, OutboxRow, Store } from '@flotilla/decider/store'
import type { Result, Worker } from '@flotilla/outbox/attempt'
import { createRelay } from '@flotilla/outbox/relay'
import { type Backlog, createSweeper } from '@flotilla/outbox/sweeper'
import { createWorkRunner } from '@flotilla/outbox/work'
import type { Logger } from '@flotilla/telemetry/log'
import type { DrainStep } from './lifecycle.ts'
import * as observe from './observe.ts'

/** What a service is made of, besides its HTTP routes. */
export interface EngineOptions<Command> {
  readonly service: ServiceName
  readonly store: Store<unknown>
  /** The database, in the words of OpenTelemetry. */
  readonly system: 'sqlite' | 'microsoft.sql_server' | 'azure.cosmosdb'
  readonly broker: Broker
  readonly clock: Clock
  readonly logger: Logger
  /** What an event means here: runs the command it becomes, or undefined when this service does not hear it. */
  readonly hear: (envelope: Envelope, at: number) => ((cause: MessageCause) => Promise<AnyOutcome>) | undefined
  /** By kind of due work. */
  readonly workers: Readonly<Record<string, Worker<Command>>>
  /** Other times for work, in milliseconds, where it asks nobody outside: 30 s, 20 s and 2 s. */
  readonly work?: { readonly lease: number; readonly timeout: number; readonly margin: number }
  /** Runs the command that a worker ended with. */
  readonly settle: (request: Request<Command>) => Promise<AnyOutcome>
}

export interface MessageCause {
  readonly cause: { readonly kind: 'message'; readonly id: string }
}

type AnyOutcome = Outcome<unknown, unknown, unknown>

/** The running parts of a service: commands in, messages and work out. */
export interface Engine {
  /** A handler over the service's store whose effects this engine sends and does. */
  handler<State, Command, Event extends { readonly type: string }, Refusal, Row>(
    domain: Domain<State, Command, Event, Refusal, Row>,
    onAccepted?: (outcome: { events: readonly Event[]; state: State }) => void,
  ): Handle<State, Command, Event, Refusal>
  /** Begins to listen and to sweep. */
  start(): Promise<void>
  /** What was last measured; for shedding load. */
  backlog(): Backlog
  /** The end, in two parts: HTTP closes between them. */
  readonly drain: { readonly receive: DrainStep; readonly send: DrainStep }
}

/** For how long the writer has its messages and work to itself, in milliseconds. */
const lease = 30_000
const finishWithin = 10_000

/** Wires a store and a broker into a service: inbox, outbox, due work and sweeping are the same for all. */
export function createEngine<Command>(options: EngineOptions<Command>): Engine {
  const { service, store, broker, clock, logger, system } = options
  const subscriptions: Subscription[] = []
  let backlog: Backlog = { oldestOutboxAge: 0, oldestWorkAge: 0 }

  const relay = createRelay({
    store,
    publish: (topic, messages) => broker.publish(topic, messages),
    clock,
    logger,
  })
  const runner = createWorkRunner<Command>({
    store,
    clock,
    logger,
    lease,
    ...options.work,
    workers: options.workers,
    finish: (work, command) =>
      options.settle({ command, cause: { kind: 'work', id: work.id }, traceparent: work.traceparent }),
    around: observe.work,
    onAttempt: observe.attempt,
  })
  const sweeper = createSweeper({
    store,
    relay,
    runner,
    clock,
    logger,
    lease,
    workLease: options.work?.lease,
    onSwept: observe.swept,
    onBacklog: (measured) => {
      backlog = measured
      observe.backlog(measured)
    },
  })
  const onSaved = ({ outbox, work }: { outbox: readonly OutboxRow[]; work: readonly DueWork[] }) => {
    relay.offer(outbox)
    runner.offer(work)
  }

  return {
    handler(domain, onAccepted) {
      const handle = createHandler(domain, store as Store<never>, {
        clock,
        lease,
        workLease: options.work?.lease,
        onSaved,
        onRepeated: (home: Key) => observe.repeated(service, home),
        commit: observe.commit(system, service),
        ...(onAccepted && { onAccepted }),
      })
      return (request) => handle({ ...observe.origin(), ...request })
    },
    async start() {
      const listener = (delivery: Delivery) => listen(options, delivery)
      for (const { topic } of subscriptionsOf(service)) {
        subscriptions.push(await broker.subscribe({ topic, service }, listener, { probe: () => store.backlog() }))
      }
      sweeper.start()
    },
    backlog: () => backlog,
    drain: {
      receive: {
        name: 'stop receiving and finish what is in hand',
        async run() {
          await Promise.all([sweeper.stop(), ...subscriptions.map((subscription) => subscription.close())])
          await runner.drain(clock.now() + finishWithin)
        },
      },
      send: { name: 'last relay', run: () => relay.drain(clock.now() + finishWithin) },
    },
  }
}

/** One message: applied once by the id of its CloudEvent, and dead-lettered when it cannot be true. */
async function listen<Command>({ hear, clock }: EngineOptions<Command>, { body }: Delivery): Promise<void> {
  const envelope = open(body)
  const run = hear(envelope, clock.now())
  if (!run)
    throw new DeadLetter('NotHeardHere', `${envelope.type} is not for this service: mend the subscription's rules`)
  const outcome = await run({ cause: { kind: 'message', id: envelope.id } })
  if (outcome.status === 'refused') throw new DeadLetter('Refused', describe(outcome.refusal))
}

function describe(refusal: unknown): string {
  const { code, detail } = refusal as { code?: string; detail?: string }
  return detail ?? code ?? JSON.stringify(refusal)
}

export type { Result, Worker }
