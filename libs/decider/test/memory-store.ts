import type { ContractRow } from '../src/contract-domain.ts'
import { contractTables, countAtMost } from '../src/contract-domain.ts'
import type { Subject } from '../src/contract-subject.ts'
import { idOf, type Key, kindOf } from '../src/decider.ts'
import {
  type Cause,
  type Change,
  causeKey,
  type DueWork,
  type HistoryEntry,
  type KnownCause,
  type OutboxRow,
  type Saved,
  type Store,
  Unavailable,
  type Versioned,
} from '../src/store.ts'
import { followedBy, type Table } from '../src/table.ts'

/** What several stores in memory share, as processes share a database. */
export interface Memory<Row> {
  rows: Map<Key, Versioned<Row>>
  known: Map<string, KnownCause & { at: number }>
  history: HistoryEntry[]
  outbox: Map<string, { row: OutboxRow; at: number }>
  work: Map<string, DueWork>
  commits: number
}

export const emptyMemory = <Row>(): Memory<Row> => ({
  rows: new Map(),
  known: new Map(),
  history: [],
  outbox: new Map(),
  work: new Map(),
  commits: 0,
})

export interface MemoryStore<Row> extends Store<Row> {
  /** Makes every call fail as if the database were away. */
  away: boolean
  /** Awaited before the decision and before the write: where a test lets others in between. */
  hop: () => Promise<void>
  /** Throws for a row that a constraint refuses. */
  check: (key: Key, row: Row) => void
  follow: (key: Key, row: Row) => readonly Key[]
}

const day = 86_400_000

/**
 * A store without a lock over its data: what it loaded may be old when it writes, so that changes really become stale.
 */
export function createMemoryStore<Row>(
  memory: Memory<Row> = emptyMemory(),
  pace: Store<Row>['pace'] = 'turn',
): MemoryStore<Row> {
  const knows = ({ kind, id }: Cause) => (kind === 'work' ? !memory.work.has(id) : memory.known.has(`${kind}:${id}`))
  const present = () => {
    if (store.away) throw new Unavailable('the memory is away')
  }

  function load(keys: readonly Key[], causes: readonly Cause[]) {
    const rows = new Map<Key, Versioned<Row>>()
    const wanted = new Set(keys)
    for (const key of wanted) {
      const row = memory.rows.get(key)
      if (!row) continue
      rows.set(key, row)
      for (const followed of store.follow(key, row.state)) wanted.add(followed)
    }
    const known = new Map<string, KnownCause>()
    for (const cause of causes.filter(knows)) {
      const { home = '', fingerprint } = memory.known.get(causeKey(cause)) ?? {}
      known.set(causeKey(cause), fingerprint === undefined ? { home } : { home, fingerprint })
    }
    return { rows, known }
  }

  function write(changes: readonly Change<Row>[]): Saved[] {
    const doubtful = new Set<Key>()
    const before = structuredClone({ ...memory })
    try {
      return changes.map((change) => {
        const touched = [change.home, ...(change.reads ?? []), ...change.rows.map(({ key }) => key)]
        const moved = change.rows.some(({ key, expected }) => (memory.rows.get(key)?.version ?? 0) !== expected)
        if (moved || knows(change.cause) || touched.some((key) => doubtful.has(key))) {
          for (const key of [change.home, ...change.rows.map(({ key }) => key)]) doubtful.add(key)
          return 'stale'
        }
        apply(change)
        return 'saved'
      })
    } catch (error) {
      Object.assign(memory, before)
      throw error
    }
  }

  function apply({ cause, home, at, rows, history, outbox, schedule, cancel }: Change<Row>) {
    for (const { key, state, version } of rows) {
      store.check(key, state)
      memory.rows.set(key, { state, version })
    }
    const { kind, id, fingerprint } = cause
    if (kind === 'work') memory.work.delete(id)
    else memory.known.set(causeKey(cause), { home, at, ...(fingerprint === undefined ? {} : { fingerprint }) })
    memory.history.push(...history)
    for (const row of outbox) memory.outbox.set(row.id, { row, at })
    for (const id of cancel) memory.work.delete(id)
    for (const work of schedule) memory.work.set(work.id, work)
  }

  const store: MemoryStore<Row> = {
    pace,
    away: false,
    hop: async () => undefined,
    check: () => undefined,
    follow: () => [],
    async transact({ keys, causes }, decide) {
      present()
      const loaded = load(keys, causes)
      await store.hop()
      const changes = decide(loaded)
      await store.hop()
      present()
      const saved = write(changes)
      memory.commits += 1
      return saved
    },
    async forget(ids) {
      for (const id of ids) memory.outbox.delete(id)
    },
    async claimOutbox(now, leaseUntil, limit) {
      present()
      const free = [...memory.outbox.values()].filter(({ row }) => row.leaseUntil <= now)
      const claimed = free.sort((one, other) => one.at - other.at).slice(0, limit)
      return claimed.map((held) => {
        held.row = { ...held.row, leaseUntil }
        return held.row
      })
    },
    async claimWork(now, leaseUntil, limit) {
      present()
      const free = [...memory.work.values()].filter(({ visibleAt }) => visibleAt <= now)
      const claimed = free.sort((one, other) => one.dueAt - other.dueAt).slice(0, limit)
      return claimed.map((work) => {
        const leased = { ...work, visibleAt: leaseUntil, attempts: work.attempts + 1 }
        memory.work.set(work.id, leased)
        return leased
      })
    },
    async postpone({ id, visibleAt: heldUntil }, visibleAt, attempts) {
      present()
      const work = memory.work.get(id)
      if (work?.visibleAt === heldUntil) memory.work.set(id, { ...work, visibleAt, attempts })
    },
    async prune(now, limit) {
      present()
      const old = [...memory.known].filter(([key, { at }]) => at < now - (key.startsWith('request:') ? 1 : 22) * day)
      for (const [key] of old.slice(0, limit)) memory.known.delete(key)
      return old.length > limit
    },
    async backlog() {
      present()
      const oldest = (times: number[]) => (times.length > 0 ? Math.min(...times) : undefined)
      return {
        oldestOutboxAt: oldest([...memory.outbox.values()].map(({ at }) => at)),
        oldestDueAt: oldest([...memory.work.values()].map(({ dueAt }) => dueAt)),
      }
    },
    async close() {
      store.away = true
    },
  }
  return store
}

/** For the store contract. */
export async function makeSubject(pace: Store<unknown>['pace']): Promise<Subject> {
  const memory = emptyMemory<ContractRow>()
  const open = () => {
    const store = createMemoryStore(memory, pace)
    store.hop = () => new Promise((resolve) => setImmediate(resolve))
    store.check = (key, row) => {
      if ('count' in row && row.count > countAtMost) throw new RangeError(`${key} is too high`)
      if ('balance' in row && row.balance < 0) throw new RangeError(`${key} is overdrawn`)
    }
    store.follow = (key, row) => {
      const table = contractTables.find(({ kind }) => kind === kindOf(key)) as Table<ContractRow> | undefined
      return table ? followedBy(table, row, idOf(key)) : []
    }
    return store
  }
  const store = open()
  return {
    store,
    second: async () => open(),
    history: async (home) => memory.history.filter(({ key }) => key === home),
    async break() {
      store.away = true
    },
    dispose: async () => undefined,
  }
}
