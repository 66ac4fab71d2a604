import type { Key } from '@flotilla/decider/decider'
import type { Cause, Change, DueWork, HeldWork, HistoryEntry, OutboxRow } from '@flotilla/decider/store'

/** One aggregate with all that belongs to it: the content of one document. */
export interface Aggregate<Row> {
  readonly key: Key
  /** 0 as long as there is only a cause to remember. */
  readonly version: number
  readonly row: Row | undefined
  readonly causes: readonly Mark[]
  readonly outbox: readonly Posted[]
  readonly work: readonly DueWork[]
  readonly history: readonly Omit<HistoryEntry, 'key'>[]
}

/** A message or request that had its effect here. */
export interface Mark {
  /** Absent: a message. */
  readonly kind?: 'request'
  readonly id: string
  /** Of a request. */
  readonly fingerprint?: string | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** A message to be published, and when it was written. */
export interface Posted extends OutboxRow {
  /** Milliseconds since the epoch. */
  readonly at: number
}

export const blank = <Row>(key: Key): Aggregate<Row> => ({
  key,
  version: 0,
  row: undefined,
  causes: [],
  outbox: [],
  work: [],
  history: [],
})

const day = 86_400_000
/** Messages live 14 days and their marks 7 days longer, with a day to spare. */
const messageKept = 22 * day
const requestKept = day

export const causeOf = ({ kind, id }: Mark): Cause => ({ kind: kind ?? 'message', id })

const isKept = ({ kind, at }: Mark, now: number) => at > now - (kind ? requestKept : messageKept)

/**
 * The aggregate after a change, or undefined when the change is stale: it was decided on another version, or its cause
 * had its effect already. Throws when the change does not fit into one document.
 */
export function applyChange<Row>(
  aggregate: Aggregate<Row>,
  change: Change<Row>,
  remember?: Remember,
): Aggregate<Row> | undefined {
  const { cause, home, at, rows, reads = [] } = change
  if (rows.length > 1 || rows.some(({ key }) => key !== home) || reads.some((key) => key !== home))
    throw new Error(
      `a change of ${home} concerns other rows; documents are written one by one, so it must have one row`,
    )
  const [row] = rows
  if (row && row.expected !== aggregate.version) return undefined
  if (isSettled(aggregate, cause)) return undefined
  const remembered = aggregate.causes.filter((mark) => isKept(mark, at))
  return {
    key: home,
    version: row?.version ?? aggregate.version,
    row: row ? row.state : aggregate.row,
    causes: cause.kind === 'work' ? remembered : [...remembered, markOf(cause, at)],
    outbox: [...aggregate.outbox, ...change.outbox.map((row) => ({ ...row, at }))],
    work: nextWork(aggregate.work, change),
    history: [...aggregate.history, ...entriesOf(change, remember)],
  }
}

/** What history keeps of a domain event (JSON); undefined keeps no entry. */
export type Remember = (entry: HistoryEntry) => string | undefined

const entriesOf = ({ history }: Change<unknown>, remember?: Remember) =>
  history.flatMap(({ key, ...entry }) => {
    const body = remember ? remember({ key, ...entry }) : entry.body
    return body === undefined ? [] : { ...entry, body }
  })

function isSettled({ causes, work }: Aggregate<unknown>, cause: Cause): boolean {
  if (cause.kind === 'work') return !work.some(({ id }) => id === cause.id)
  return causes.some(({ kind = 'message', id }) => id === cause.id && kind === cause.kind)
}

const markOf = ({ kind, id, fingerprint }: Cause, at: number): Mark =>
  kind === 'request' ? { kind, id, at, fingerprint } : { id, at }

function nextWork(work: readonly DueWork[], { cause, cancel, schedule }: Change<unknown>): readonly DueWork[] {
  const gone = new Set([...cancel, ...schedule.map(({ id }) => id)])
  if (cause.kind === 'work') gone.add(cause.id)
  return [...work.filter(({ id }) => !gone.has(id)), ...schedule]
}

/** Without messages that the broker has; the same object when there was none of them. */
export function withoutPosted<Row>(aggregate: Aggregate<Row>, ids: ReadonlySet<string> | undefined): Aggregate<Row> {
  if (!ids || !aggregate.outbox.some(({ id }) => ids.has(id))) return aggregate
  return { ...aggregate, outbox: aggregate.outbox.filter(({ id }) => !ids.has(id)) }
}

export const workVisibleAt = ({ dueAt, visibleAt }: DueWork): number => Math.max(dueAt, visibleAt)

export interface Lease {
  readonly now: number
  readonly leaseUntil: number
  /** Most to take. */
  readonly limit: number
}

/** Takes messages whose lease has run out. */
export function leaseOutbox<Row>(aggregate: Aggregate<Row>, { now, leaseUntil, limit }: Lease) {
  const claimed: Posted[] = []
  const outbox = aggregate.outbox.map((posted) => {
    if (posted.leaseUntil > now || claimed.length === limit) return posted
    const leased = { ...posted, leaseUntil }
    claimed.push(leased)
    return leased
  })
  return { aggregate: { ...aggregate, outbox }, claimed }
}

/** Takes work that is visible. */
export function leaseWork<Row>(aggregate: Aggregate<Row>, { now, leaseUntil, limit }: Lease) {
  const claimed: DueWork[] = []
  const work = aggregate.work.map((due) => {
    if (workVisibleAt(due) > now || claimed.length === limit) return due
    const leased = { ...due, visibleAt: leaseUntil, attempts: due.attempts + 1 }
    claimed.push(leased)
    return leased
  })
  return { aggregate: { ...aggregate, work }, claimed }
}

/** Whether work is held under this lease. */
export const isHeldAs = (held: HeldWork) => (due: HeldWork) => due.id === held.id && due.visibleAt === held.visibleAt

/** Puts work back; undefined when it is gone, or held under another lease. */
export function postponeWork<Row>(aggregate: Aggregate<Row>, held: HeldWork, visibleAt: number, attempts: number) {
  const isHeld = isHeldAs(held)
  if (!aggregate.work.some(isHeld)) return undefined
  const work = aggregate.work.map((due) => (isHeld(due) ? { ...due, visibleAt, attempts } : due))
  return { ...aggregate, work }
}
