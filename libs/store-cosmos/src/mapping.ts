import { idOf, type Key } from '@flotilla/decider/decider'
import type { Remember } from './aggregate.ts'
import type { Json, Place } from './documents.ts'

/** How the aggregates of one service are kept as documents. */
export interface Mapping<Row> {
  /** Written into every document. Raise it when the shape changes; `fromDocument` reads all shapes before. */
  readonly schemaVersion: number
  /** The state as plain JSON; absent: it is plain JSON already. */
  readonly toDocument?: (state: Row) => unknown
  /** Reads a state of any `schemaVersion` up to this one. Absent: the state is what was stored. */
  readonly fromDocument?: (stored: Json, schemaVersion: number) => Row
  /**
   * Seconds after its last write that a final aggregate lives; undefined when it is not final, for it never expires then.
   * What still owes a message or work does not expire either. An expired document has forgotten its messages too: leave it
   * 22 days, after which none of them can come again.
   */
  readonly timeToLive?: (state: Row, now: number) => number | undefined
  /** What history keeps of a domain event (JSON); undefined keeps no entry. Absent: the whole event. */
  readonly remember?: Remember
  /** The partition of a key: the part after the colon, which for a notification is the order's id. */
  readonly partition?: (key: Key) => string
  /** The property that the container is partitioned by, without slash: `orderId`. */
  readonly partitionProperty?: string
}

// https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-item-limits
const refusedInIds = /[/\\?#]/
const longestId = 1_023

/** Where the document of a key is: its id is the key. Throws when Cosmos DB takes no such id. */
export function placeOf(key: Key, { partition = idOf }: Pick<Mapping<never>, 'partition'>): Place {
  if (refusedInIds.test(key) || key.length > longestId || key === '')
    throw new Error(`"${key}" cannot be the id of a document: 1 to ${longestId} characters without / \\ ? #`)
  return { id: key, partition: partition(key) }
}
