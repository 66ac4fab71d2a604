import type { Key } from './decider.ts'
import {
  type Cause,
  type Change,
  causeKey,
  type DueWork,
  type HistoryEntry,
  type OutboxRow,
  type Saved,
} from './store.ts'

/** What one commit writes: the net effect of the changes that are not stale. */
export interface Plan<Row> {
  readonly saved: Saved[]
  /** The last state of each row, and the version it has in the database until now (0: it is not there). */
  readonly rows: Map<Key, { readonly state: Row; readonly stored: number; readonly version: number }>
  readonly causes: { readonly cause: Cause; readonly home: Key; readonly at: number }[]
  readonly history: HistoryEntry[]
  readonly outbox: { readonly row: OutboxRow; readonly at: number }[]
  /** By id; undefined: to be deleted. */
  readonly work: Map<string, DueWork | undefined>
  /** Ids of the work that brought a change, as far as it is there before this commit: it must still be. */
  readonly settled: string[]
}

/** What the database holds, under the lock that the commit will have. */
export interface Held {
  /** 0 when the row is not there; undefined when that is not known, and the commit finds out. */
  version(key: Key): number | undefined
  knows(cause: Cause): boolean
}

/** Finds out what is stale before anything is written. */
export function planChanges<Row>(changes: readonly Change<Row>[], held: Held): Plan<Row> {
  const plan: Plan<Row> = {
    saved: [],
    rows: new Map(),
    causes: [],
    history: [],
    outbox: [],
    work: new Map(),
    settled: [],
  }
  const settled = new Set<string>()
  /** What stale changes would have changed: whoever builds on that is stale too. */
  const doubtful = new Set<Key>()
  for (const change of changes) {
    if (isStale(change, plan, held, settled, doubtful)) {
      plan.saved.push('stale')
      for (const { key } of change.rows) doubtful.add(key)
    } else {
      plan.saved.push('saved')
      settled.add(causeKey(change.cause))
      include(change, plan)
    }
  }
  return plan
}

function isStale<Row>(
  change: Change<Row>,
  plan: Plan<Row>,
  held: Held,
  settled: ReadonlySet<string>,
  doubtful: ReadonlySet<Key>,
): boolean {
  const { cause, home, rows, reads = [] } = change
  if (settled.has(causeKey(cause)) || held.knows(cause)) return true
  // Work that an earlier change of this batch called off.
  if (cause.kind === 'work' && plan.work.has(cause.id) && !plan.work.get(cause.id)) return true
  if (doubtful.size > 0 && (doubtful.has(home) || reads.some((key) => doubtful.has(key)))) return true
  for (const { key, expected } of rows) {
    if (doubtful.has(key) || (plan.rows.get(key)?.version ?? held.version(key) ?? expected) !== expected) return true
  }
  return false
}

function include<Row>({ cause, home, at, rows, history, outbox, schedule, cancel }: Change<Row>, plan: Plan<Row>) {
  for (const { key, state, expected, version } of rows) {
    plan.rows.set(key, { state, stored: plan.rows.get(key)?.stored ?? expected, version })
  }
  if (cause.kind === 'work') {
    if (!plan.work.has(cause.id)) plan.settled.push(cause.id)
    plan.work.set(cause.id, undefined)
  } else plan.causes.push({ cause, home, at })
  for (const id of cancel) plan.work.set(id, undefined)
  for (const work of schedule) plan.work.set(work.id, work)
  for (const entry of history) plan.history.push(entry)
  for (const row of outbox) plan.outbox.push({ row, at })
}

export const isEmpty = ({ rows, causes, history, outbox, work }: Plan<unknown>): boolean =>
  rows.size === 0 && causes.length === 0 && history.length === 0 && outbox.length === 0 && work.size === 0
