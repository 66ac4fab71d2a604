import type { Key } from '@flotilla/decider/decider'
import { type Change, causeKey, type KnownCause, type Loaded, type Wanted } from '@flotilla/decider/store'
import { type Aggregate, applyChange, causeOf, type Mark, type Remember, withoutPosted } from './aggregate.ts'
import type { Held } from './cache.ts'
import type { Replacement } from './shelf.ts'

export type Decide<Row> = (loaded: Loaded<Row>) => readonly Change<Row>[]

/**
 * Decides on what is held. A write is conditional, so what is changed may be held from memory or assumed to be new; what
 * a command was refused on, or repeated, is not written: that is read first, and decided again when it is different.
 */
export async function decideFirmly<Row>(
  held: Map<Key, Held<Row>>,
  wanted: Wanted,
  decide: Decide<Row>,
  read: (keys: readonly Key[]) => Promise<readonly Held<Row>[]>,
): Promise<readonly Change<Row>[]> {
  for (;;) {
    const changes = decide(loadedOf(held, wanted))
    const changed = new Set(changes.map(({ home }) => home))
    const unnamed = [...changed].filter((home) => !held.has(home))
    for (const there of await read(unnamed)) held.set(there.aggregate.key, there)
    const loose = [...held].flatMap(([key, { fresh }]) => (fresh || changed.has(key) ? [] : key))
    let isOutdated = false
    for (const now of await read(loose)) {
      const { key } = now.aggregate
      if (held.get(key)?.etag !== now.etag) isOutdated = true
      held.set(key, now)
    }
    if (!isOutdated) return changes
  }
}

/** A message or request is known when one of the documents remembers it; work is known when none of them has it. */
function loadedOf<Row>(held: ReadonlyMap<Key, Held<Row>>, { causes }: Wanted): Loaded<Row> {
  const rows: Map<Key, { state: Row; version: number }> = new Map()
  const marks = new Map<string, KnownCause>()
  const work = new Set<string>()
  for (const [key, { aggregate }] of held) {
    if (aggregate.row !== undefined) rows.set(key, { state: aggregate.row, version: aggregate.version })
    for (const mark of aggregate.causes) marks.set(causeKey(causeOf(mark)), knownBy(mark, key))
    for (const { id } of aggregate.work) work.add(id)
  }
  const known = new Map<string, KnownCause>()
  for (const cause of causes) {
    const settled = cause.kind === 'work' ? (work.has(cause.id) ? undefined : { home: '' }) : marks.get(causeKey(cause))
    if (settled) known.set(causeKey(cause), settled)
  }
  return { rows, known }
}

const knownBy = ({ kind, fingerprint }: Mark, home: Key): KnownCause => (kind ? { home, fingerprint } : { home })

export interface Folded<Row> {
  readonly replacements: ReadonlyMap<Key, Replacement<Row>>
  /** For each change whether it is in the replacement of its document. */
  readonly applied: readonly boolean[]
}

/** All changes of one document become one write; after a stale one there is none of the same document. */
export function fold<Row>(
  held: ReadonlyMap<Key, Held<Row>>,
  changes: readonly Change<Row>[],
  forgotten: (key: Key) => ReadonlySet<string> | undefined,
  remember?: Remember,
): Folded<Row> {
  const replacements = new Map<Key, Replacement<Row>>()
  const stale = new Set<Key>()
  const applied = changes.map((change) => {
    const { home } = change
    const was = held.get(home) as Held<Row>
    const before = replacements.get(home)?.next ?? withoutPosted(was.aggregate, forgotten(home))
    const next = stale.has(home) ? undefined : applyChange(before, change, remember)
    if (next) replacements.set(home, { held: was, next })
    else stale.add(home)
    return next !== undefined
  })
  return { replacements, applied }
}

/** Which messages a write took out of a document. */
export function goneFrom(before: Aggregate<unknown>, ids: ReadonlySet<string> | undefined): string[] {
  return ids ? before.outbox.flatMap(({ id }) => (ids.has(id) ? id : [])) : []
}
