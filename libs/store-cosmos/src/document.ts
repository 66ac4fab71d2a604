import type { DueWork } from '@flotilla/decider/store'
import { type Aggregate, type Mark, type Posted, workVisibleAt } from './aggregate.ts'
import type { Body, Json } from './documents.ts'
import { type Mapping, placeOf } from './mapping.ts'

const day = 86_400
/** How long a document lives that remembers a message and nothing else, in seconds. */
const stubKept = 30 * day

/** The layout around the state: this store's own version, beside the service's `schemaVersion`. */
const layout = 1

/** Top-level properties that queries look for; they stand in the document only while there is something to find. */
export const indexed = ['nextOutboxAt', 'nextWorkAt', 'oldestOutboxAt', 'oldestDueAt'] as const

/**
 * An aggregate as it is stored. `writeId` is unique for each write, so that a writer who got no answer can find out
 * whether the document is its own.
 */
export function toBody<Row>(aggregate: Aggregate<Row>, mapping: Mapping<Row>, writeId: string, now: number): Body {
  const { key, version, row, causes, outbox, work, history } = aggregate
  const { id, partition } = placeOf(key, mapping)
  const { schemaVersion, toDocument, partitionProperty = 'orderId' } = mapping
  const state = row === undefined || !toDocument ? row : toDocument(row)
  const body: Record<string, unknown> = {
    id,
    [partitionProperty]: partition,
    layout,
    schemaVersion,
    writeId,
    version,
    state,
    causes,
    outbox,
    work: work.map(({ home: _, ...due }) => due),
    history,
  }
  if (outbox.length > 0) {
    body.nextOutboxAt = least(outbox, ({ leaseUntil }) => leaseUntil)
    body.oldestOutboxAt = least(outbox, ({ at }) => at)
  }
  if (work.length > 0) {
    body.nextWorkAt = least(work, workVisibleAt)
    body.oldestDueAt = least(work, ({ dueAt }) => dueAt)
  }
  const ttl = timeToLive(aggregate, mapping, now)
  if (ttl !== undefined) body.ttl = ttl
  return body as Body
}

/** Seconds that it lives after this write; undefined: for ever. */
function timeToLive<Row>(
  { key, row, outbox, work }: Aggregate<Row>,
  mapping: Mapping<Row>,
  now: number,
): number | undefined {
  if (outbox.length > 0 || work.length > 0) return undefined
  const seconds = row === undefined ? stubKept : mapping.timeToLive?.(row, now)
  if (seconds === undefined) return undefined
  if (!(seconds > 0)) throw new Error(`timeToLive of ${key} is ${seconds}; it must be more than 0 seconds`)
  return Math.ceil(seconds)
}

const least = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((least, item) => Math.min(least, of(item)), Number.POSITIVE_INFINITY)

interface Stored {
  readonly id: string
  readonly layout: number
  readonly schemaVersion: number
  readonly version: number
  readonly state?: Json
  readonly causes: readonly Mark[]
  readonly outbox: readonly Posted[]
  readonly work: readonly Omit<DueWork, 'home'>[]
  readonly history: Aggregate<never>['history']
}

/** Whether this release knows all that is in a document. */
export function isReadable(body: Body, { schemaVersion }: Pick<Mapping<never>, 'schemaVersion'>): boolean {
  const stored = body as unknown as Stored
  return stored.layout === layout && stored.schemaVersion <= schemaVersion
}

/** Reads a document. Throws when a newer release wrote it, for this one would lose what it does not know. */
export function fromBody<Row>(body: Body, { schemaVersion, fromDocument }: Mapping<Row>): Aggregate<Row> {
  const stored = body as unknown as Stored
  const { id, version, state, causes, outbox, work, history } = stored
  if (!isReadable(body, { schemaVersion })) {
    throw new Error(
      `document ${id} has layout ${stored.layout} and schemaVersion ${stored.schemaVersion}; ` +
        `this release reads layout ${layout} and schemaVersion up to ${schemaVersion}`,
    )
  }
  const row = state === undefined || !fromDocument ? state : fromDocument(state, stored.schemaVersion)
  return {
    key: id,
    version,
    row: row as Row | undefined,
    causes,
    outbox,
    work: work.map((due) => ({ ...due, home: id })),
    history,
  }
}
