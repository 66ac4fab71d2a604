import type { ServiceName } from '@flotilla/contracts/topology'
import { type Key, kindOf } from '@flotilla/decider/decider'
import type { DueWork } from '@flotilla/decider/store'
import type { Attempt } from '@flotilla/outbox/attempt'
import type { Backlog } from '@flotilla/outbox/sweeper'
import { type DatabaseCall, withDatabaseSpan, withWorkSpan } from '@flotilla/telemetry/calls'
import { dueWorkAge, dueWorkDone, duplicatesDropped, outboxLag, outboxSwept } from '@flotilla/telemetry/metrics'
import { currentTraceparent, type OpenSpan } from '@flotilla/telemetry/spans'
import { context, trace } from '@opentelemetry/api'

/** How the engine is seen in traces and metrics. */

/** The span a command comes in: its effects carry the trace on, and its commit is linked to it. */
export function origin(): { readonly traceparent?: string; readonly origin?: OpenSpan } {
  const span = trace.getActiveSpan()
  const traceparent = currentTraceparent()
  if (!span || traceparent === undefined) return {}
  return { traceparent, origin: { span, context: context.active(), traceparent } }
}

/** One span for each commit, linked with the span of every command in it. */
export function commit(system: DatabaseCall['system'], service: ServiceName) {
  const summary = `commit ${service}`
  return <T>(batch: readonly { readonly origin?: unknown }[], run: () => Promise<T>): Promise<T> => {
    const members = batch.flatMap(({ origin }) => (origin as OpenSpan | undefined) ?? [])
    return withDatabaseSpan({ system, operation: 'commit', summary, batchSize: batch.length, members }, run)
  }
}

/** Due work goes on in the trace of the command that asked for it. */
export const work = (due: DueWork, run: () => Promise<Attempt>): Promise<Attempt> =>
  withWorkSpan(
    { name: `due-work ${due.kind}`, traceparent: due.traceparent, attributes: { 'flotilla.attempts': due.attempts } },
    run,
  )

export const attempt = ({ work, outcome }: Attempt): void => dueWorkDone.add(1, { kind: work.kind, outcome })

export const repeated = (service: ServiceName, home: Key): void =>
  duplicatesDropped.add(1, { 'messaging.destination.subscription.name': service, aggregate: kindOf(home) })

export const swept = ({ outbox, work }: { readonly outbox: number; readonly work: number }): void => {
  if (outbox > 0) outboxSwept.add(outbox)
  if (work > 0) dueWorkDone.add(work, { kind: 'any', outcome: 'swept' })
}

let measured: Backlog = { oldestOutboxAge: 0, oldestWorkAge: 0 }
outboxLag.observe((report) => report(measured.oldestOutboxAge / 1000))
dueWorkAge.observe((report) => report(measured.oldestWorkAge / 1000))

export function backlog(now: Backlog): void {
  measured = now
}
