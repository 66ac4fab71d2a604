import { seal } from '@flotilla/contracts/envelope'
import type { PublicEvent } from '@flotilla/contracts/events'
import type { Decider, Key, Scope } from './decider.ts'
import {
  type Cause,
  type Change,
  causeKey,
  type DueWork,
  type KnownCause,
  type Loaded,
  type RowChange,
  type Versioned,
} from './store.ts'

/** Work a domain event asks for. */
export interface WorkOrder {
  /** Unique in the service, so that it can be cancelled: `deadline:<orderId>`. */
  readonly id: string
  readonly kind: string
  readonly payload: unknown
  /** Milliseconds since the epoch; absent: now. */
  readonly dueAt?: number
}

/** What one domain event means outside the aggregate. */
export interface Effects {
  readonly publish?: readonly PublicEvent[]
  readonly schedule?: readonly WorkOrder[]
  /** Ids of work that is no longer wanted. */
  readonly cancel?: readonly string[]
}

/** A domain in the words of the handler. */
export interface Domain<State, Command, Event extends { readonly type: string }, Refusal, Row> {
  readonly decider: Decider<State, Command, Event, Refusal>
  readonly scope: Scope<State, Command, Row>
  /** Domain event → what the world is told and what must be done; the state is that after the whole command. */
  readonly announce: (event: Event, state: State) => Effects
  /** It only shows what others say, so it has no history of its own, and may be emptied and told anew. */
  readonly isView?: boolean
}

export interface Request<Command> {
  readonly command: Command
  readonly cause: Cause
  /** W3C trace context that the effects carry on. */
  readonly traceparent?: string | undefined
  /** Whatever the wrapper of commits wants to know of it: the span it came in. */
  readonly origin?: unknown
}

export type Outcome<State, Event, Refusal> =
  | { readonly status: 'accepted'; readonly state: State; readonly events: readonly Event[] }
  | { readonly status: 'refused'; readonly refusal: Refusal }
  /** The cause had its effect before; `home` is where. */
  | { readonly status: 'repeated'; readonly home: Key; readonly fingerprint?: string | undefined }

export interface Decided<State, Event, Refusal, Row> {
  readonly outcome: Outcome<State, Event, Refusal>
  /** Present when accepted. */
  readonly change?: Change<Row>
}

export interface DecideOptions {
  /** Milliseconds since the epoch, one moment for the whole batch. */
  readonly now: number
  /** How long the writer has its messages to itself, in milliseconds. */
  readonly lease: number
  /** How long it has its work to itself, where that is due at once: as long as messages. */
  readonly workLease?: number | undefined
}

/** Decides a batch in sequence, each command on what the ones before it left; writes nothing. */
export function decideBatch<State, Command, Event extends { readonly type: string }, Refusal, Row>(
  domain: Domain<State, Command, Event, Refusal, Row>,
  requests: readonly Request<Command>[],
  loaded: Loaded<Row>,
  options: DecideOptions,
): Decided<State, Event, Refusal, Row>[] {
  const working = new Map<Key, Versioned<Row>>(loaded.rows)
  const known = new Map<string, KnownCause>(loaded.known)
  return requests.map((request) => {
    const { command, cause } = request
    const before = known.get(causeKey(cause))
    if (before) return { outcome: { status: 'repeated', ...before } }
    const reads = new Set<Key>()
    const read = (key: Key) => {
      reads.add(key)
      return working.get(key)?.state
    }
    const state = domain.scope.compose(read, command)
    const decision = domain.decider.decide(state, command)
    if (!decision.accepted) return { outcome: { status: 'refused', refusal: decision.refusal } }
    const next = decision.events.reduce(domain.decider.evolve, state)
    const home = domain.scope.keys(command)[0]
    const rows = changedRows(domain, command, next, decision.events.length > 0, working)
    for (const { key, state, version } of rows) working.set(key, { state, version })
    known.set(causeKey(cause), { home, fingerprint: cause.fingerprint })
    const version = working.get(home)?.version ?? 0
    const change = describe(domain, request, decision.events, next, { home, version, reads: [...reads], rows }, options)
    return { outcome: { status: 'accepted', state: next, events: decision.events }, change }
  })
}

function changedRows<State, Command, Event extends { readonly type: string }, Refusal, Row>(
  { scope }: Domain<State, Command, Event, Refusal, Row>,
  command: Command,
  next: State,
  happened: boolean,
  working: ReadonlyMap<Key, Versioned<Row>>,
): RowChange<Row>[] {
  if (!happened) return []
  const home = scope.keys(command)[0]
  const rows: RowChange<Row>[] = []
  for (const [key, state] of scope.decompose(next, command)) {
    const { state: old, version: expected } = working.get(key) ?? { state: undefined, version: 0 }
    // The home always moves on: its version numbers the events.
    if (state !== old || key === home) rows.push({ key, state, expected, version: expected + 1 })
  }
  return rows
}

function describe<State, Command, Event extends { readonly type: string }, Refusal, Row>(
  { announce, isView = false }: Domain<State, Command, Event, Refusal, Row>,
  { cause, traceparent }: Request<Command>,
  events: readonly Event[],
  state: State,
  { home, version, reads, rows }: { home: Key; version: number; reads: readonly Key[]; rows: RowChange<Row>[] },
  { now, lease, workLease = lease }: DecideOptions,
): Change<Row> {
  const effects = events.map((event) => announce(event, state))
  const remembered = isView ? [] : events
  const history = remembered.map((event, index) => {
    return { key: home, version, index, at: now, type: event.type, body: JSON.stringify(event) }
  })
  const outbox = effects
    .flatMap(({ publish = [] }) => publish)
    .map((event, index) => ({
      ...seal(`${home}.${version}.${index}`, event, now, traceparent),
      leaseUntil: now + lease,
    }))
  const schedule = effects
    .flatMap(({ schedule = [] }) => schedule)
    .map(({ id, kind, payload, dueAt = now }): DueWork => {
      const visibleAt = dueAt > now ? dueAt : now + workLease
      return { id, kind, home, payload, dueAt, visibleAt, attempts: 0, traceparent }
    })
  return {
    cause,
    home,
    at: now,
    reads,
    rows,
    history,
    outbox,
    schedule,
    cancel: effects.flatMap(({ cancel = [] }) => cancel),
  }
}
