import { type Key, keyOf } from '@flotilla/decider/decider'
import {
  type Cause,
  causeKey,
  type KnownCause,
  type Loaded,
  type Versioned,
  type Wanted,
} from '@flotilla/decider/store'
import type { Table } from '@flotilla/decider/table'
import type { Found, Statement } from './database.ts'
import { binary, Rows } from './rows.ts'
import { decoded, foundId, idCell, idLayouts, quoted, selected, textId } from './shape.ts'
import type { Tables } from './tables.ts'

/** One round trip that loads a batch: the statement (none when nothing is wanted), and how its result sets are read. */
export interface Loading<Row> {
  readonly statement: Statement | undefined
  read(results: readonly (readonly Found[])[]): Loaded<Row>
}

type Reader<Row> = (found: readonly Found[], rows: Map<Key, Versioned<Row>>, known: Map<string, KnownCause>) => void

/** A part of the statement that gives one result set. */
interface Part<Row> {
  readonly sql: string
  readonly read: Reader<Row>
}

/** With `isLocked`, the rows of contended tables are taken under update locks, in the order of their keys. */
export function loadingOf<Row>(tables: Tables<Row>, wanted: Wanted, isLocked: boolean): Loading<Row> {
  const ids = new Rows()
  const parts = [...rowParts(tables, wanted.keys, isLocked, ids), ...causeParts<Row>(wanted.causes, ids)]
  const sql = parts.map(({ sql }) => sql).join('\n')
  return {
    statement: sql === '' ? undefined : { name: 'load', sql, values: { rows: ids }, batchSize: wanted.causes.length },
    read(results) {
      const rows = new Map<Key, Versioned<Row>>()
      const known = new Map<string, KnownCause>()
      parts.forEach(({ read }, index) => {
        read(results[index] ?? [], rows, known)
      })
      return { rows, known }
    },
  }
}

function rowParts<Row>(tables: Tables<Row>, keys: readonly Key[], isLocked: boolean, ids: Rows): Part<Row>[] {
  const groups = new Map(tables.grouped(keys))
  // What is followed is loaded too, whether the batch names rows of its kind or not.
  for (const table of [...groups.keys()]) {
    const followed = table.follow && tables.of(keyOf(table.follow.kind, ''))
    if (followed && !groups.has(followed)) groups.set(followed, [])
  }
  // A row is read before those it names: one that comes into being in between is then missed as a whole, which its save finds out.
  // The other way round it would be decided on without them.
  const inOrder = [...groups].toSorted(
    ([one], [other]) => Number(one.follow === undefined) - Number(other.follow === undefined),
  )
  return inOrder.map(([table, named]) => {
    for (const key of named) ids.add(table.name, { [table.id === 'uuid' ? 'u1' : 'k1']: idCell(table, key) })
    const followers = tables.followersOf(table).filter((follower) => groups.has(follower))
    return {
      sql: selection(table, followers, isLocked),
      read(found, rows) {
        for (const each of found) {
          const id = foundId(table, each)
          rows.set(keyOf(table.kind, id), { state: decoded(table, each, id), version: each.version as number })
        }
      },
    }
  })
}

/**
 * A loop join in the order written keeps the locks to the rows that are asked for, whatever the statistics say. It takes them as they lie
 * in what it walks: the parameter, or a table variable of all ids, both in the order of their keys.
 */
function selection<Row>(table: Table<Row>, followers: readonly Table<Row>[], isLocked: boolean): string {
  const named = `SELECT k.[id] FROM ${idLayouts[table.id].from(table.name)} AS k`
  const followed = followers.flatMap((follower) => followedIds(table, follower))
  const lock = isLocked && table.isContended ? ' WITH (UPDLOCK, ROWLOCK)' : ''
  const rowsOf = (ids: string) =>
    `SELECT ${selected(table, 't')} FROM ${ids} AS wanted INNER LOOP JOIN ${quoted(table.name)} AS t${lock} ON t.[id] = wanted.[id];`
  if (followed.length === 0) return rowsOf(`(${named})`)
  const type = table.id === 'uuid' ? 'binary(16)' : `nvarchar(200) ${binary}`
  return `DECLARE @${table.name}_ids TABLE ([id] ${type} NOT NULL PRIMARY KEY CLUSTERED);
INSERT INTO @${table.name}_ids ([id]) ${[named, ...followed].join('\n  UNION ')};
${rowsOf(`@${table.name}_ids`)}`
}

function followedIds<Row>(table: Table<Row>, { name, follow, id }: Table<Row>): string[] {
  if (!follow) return []
  const named = table.id === 'uuid' ? "CONVERT(binary(16), REPLACE(f.[id], N'-', N''), 2)" : `f.[id] ${binary}`
  return follow.properties.map(
    (property) => `SELECT ${named} AS [id] FROM ${idLayouts[id].from(name)} AS k
  INNER LOOP JOIN ${quoted(name)} AS r ON r.[id] = k.[id]
  CROSS APPLY OPENJSON(r.${quoted(follow.column)}) WITH ([id] nvarchar(200) '$.${property}') AS f`,
  )
}

/** `known` of messages and requests are the rows that are there, of work those that are not. */
function causeParts<Row>(causes: readonly Cause[], rows: Rows): Part<Row>[] {
  const idsOf = (kind: Cause['kind']) => [...new Set(causes.filter((cause) => cause.kind === kind).map(({ id }) => id))]
  const part = (kind: Cause['kind'], table: string, columns: string, read: Reader<Row>): Part<Row>[] => {
    const ids = idsOf(kind)
    if (ids.length === 0) return []
    for (const id of ids.sort()) rows.add(`${kind}_causes`, { k1: textId(id) })
    const from = idLayouts.text.from(`${kind}_causes`)
    return [{ sql: `SELECT ${columns} FROM ${from} AS k INNER LOOP JOIN ${table} AS c ON c.[id] = k.[id];`, read }]
  }
  return [
    ...part('message', 'inbox', 'c.[id], c.[home]', (found, _rows, known) => {
      for (const { id, home } of found) known.set(`message:${id}`, { home: home as Key })
    }),
    ...part('request', 'idempotency_key', 'c.[id], c.[home], c.[fingerprint]', (found, _rows, known) => {
      for (const { id, home, fingerprint } of found) {
        const print = fingerprint === null ? {} : { fingerprint: fingerprint as string }
        known.set(`request:${id}`, { home: home as Key, ...print })
      }
    }),
    ...part('work', 'due_work', 'c.[id]', (found, _rows, known) => {
      const there = new Set(found.map(({ id }) => id))
      for (const id of idsOf('work')) if (!there.has(id)) known.set(causeKey({ kind: 'work', id }), { home: '' })
    }),
  ]
}
