import { type Key, kindOf } from '@flotilla/decider/decider'
import type { Table } from '@flotilla/decider/table'

/** The tables of a service, by the kind of their rows. */
export interface Tables<Row> {
  /** Throws a `TypeError` for a key of a kind that has no table. */
  of(key: Key): Table<Row>
  /** The keys of each kind, in the order of the keys. */
  grouped(keys: readonly Key[]): ReadonlyMap<Table<Row>, readonly Key[]>
  /** The tables whose rows name rows of this one. */
  followersOf(table: Table<Row>): readonly Table<Row>[]
  /** Whether these keys, or what their rows follow, lie where rows are queued for. */
  areContended(keys: readonly Key[]): boolean
}

/** Throws a `TypeError` when two tables are of one kind, or when what is followed follows something itself. */
export function createTables<Row>(all: readonly Table<Row>[]): Tables<Row> {
  const byKind = new Map<string, Table<Row>>()
  for (const table of all) {
    if (byKind.has(table.kind)) throw new TypeError(`two tables for the kind ${table.kind}`)
    byKind.set(table.kind, table)
  }
  for (const { name, follow } of all) {
    if (!follow) continue
    const followed = byKind.get(follow.kind)
    if (!followed) throw new TypeError(`table ${name} follows the kind ${follow.kind}, which has no table`)
    if (followed.follow) throw new TypeError(`table ${name} follows ${followed.name}, which follows others itself`)
  }

  function of(key: Key): Table<Row> {
    const found = byKind.get(kindOf(key))
    if (!found)
      throw new TypeError(`no table for the row ${key}; there are tables for: ${[...byKind.keys()].join(', ')}`)
    return found
  }
  const isContended = ({ isContended, follow }: Table<Row>) =>
    isContended === true || (follow !== undefined && byKind.get(follow.kind)?.isContended === true)

  return {
    of,
    grouped(keys) {
      const groups = new Map<Table<Row>, Key[]>()
      for (const key of [...new Set(keys)].sort()) {
        const table = of(key)
        const group = groups.get(table)
        if (group) group.push(key)
        else groups.set(table, [key])
      }
      return groups
    },
    followersOf: ({ kind }) => all.filter(({ follow }) => follow?.kind === kind),
    areContended: (keys) => keys.some((key) => isContended(of(key))),
  }
}
