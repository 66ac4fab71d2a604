import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Turn } from '@flotilla/store-sqlite/turn'
import type { Intent } from './intent.ts'
import type { Refund } from './refund.ts'
import type { ErrorBody } from './refusals.ts'

/** The durable part of an answer: enough to say the same again. */
export type Answer =
  | { status: number; intent: Intent }
  | { status: number; refund: Refund }
  | { status: number; error: ErrorBody; intent?: Intent }

/** One call of the API, as it was answered. */
export interface Call {
  requestId: string
  /** Milliseconds since the epoch. */
  at: number
  method: string
  path: string
  /** 0: never answered. */
  status: number
  key?: string | undefined
  fingerprint?: string | undefined
  /** What the same key is answered with from `availableAt` on; absent when the call is not remembered. */
  answer?: Answer | undefined
  availableAt?: number | undefined
  replayed?: boolean
}

export interface Remembered {
  path: string
  fingerprint: string
  answer: Answer
  availableAt: number
}

export interface Page<T> {
  data: T[]
  /** Pass it on as `cursor` for the next page. */
  next: number | null
}

/** What answering a call needs of a ledger. */
export interface Books {
  intent(id: string): Intent | undefined
  addIntent(intent: Intent): void
  saveIntent(intent: Intent): void
  refund(id: string): Refund | undefined
  /** Oldest first. */
  refundsOf(intent: string): Refund[]
  addRefund(refund: Refund): void
  /** Where lists go on after this object. */
  intentPosition(id: string): number | undefined
  refundPosition(id: string): number | undefined
  /** Newest first, from before `before`. */
  latestIntents(before?: number, limit?: number): Page<Intent>
  latestRefunds(intent: string | undefined, before?: number, limit?: number): Page<Refund>
  /** The last answer that was kept under a key, if it was given after `since`. */
  remembered(key: string, since: number): Remembered | undefined
  record(call: Call): void
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS intent (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    order_id TEXT,
    state TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS intent_by_order ON intent (order_id, seq) WHERE order_id IS NOT NULL;
  CREATE TABLE IF NOT EXISTS refund (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    intent TEXT NOT NULL REFERENCES intent (id),
    state TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS refund_by_intent ON refund (intent, seq);
  CREATE TABLE IF NOT EXISTS call (
    seq INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER NOT NULL,
    key TEXT,
    fingerprint TEXT,
    answer TEXT,
    available_at INTEGER,
    replayed INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS call_by_key ON call (key, at) WHERE answer IS NOT NULL;
`

type StateRow = { seq: number; state: string }
type KeyRow = { path: string; fingerprint: string; answer: string; available_at: number }

/** Every intent, refund and call, in SQLite. Writes belong inside `turn.submit`. */
export function openLedger(data: string | undefined) {
  if (data) mkdirSync(data, { recursive: true })
  const database = new DatabaseSync(data ? join(data, 'card-processor.db') : ':memory:')
  database.exec(schema)
  return {
    ...objectsIn(database),
    ...callsIn(database),
    ...listsIn(database),
    turn: new Turn(database),
    close: () => database.close(),
  }
}

function objectsIn(database: DatabaseSync) {
  const intent = database.prepare('SELECT seq, state FROM intent WHERE id = ?')
  const addIntent = database.prepare('INSERT INTO intent (id, order_id, state) VALUES (?, ?, ?)')
  const saveIntent = database.prepare('UPDATE intent SET state = ? WHERE id = ?')
  const refund = database.prepare('SELECT seq, state FROM refund WHERE id = ?')
  const refundsOf = database.prepare('SELECT seq, state FROM refund WHERE intent = ? ORDER BY seq')
  const addRefund = database.prepare('INSERT INTO refund (id, intent, state) VALUES (?, ?, ?)')
  return {
    intent: (id: string) => found<Intent>(intent.get(id)),
    addIntent: (it: Intent) => addIntent.run(it.id, it.metadata.orderId ?? null, JSON.stringify(it)),
    saveIntent: (it: Intent) => saveIntent.run(JSON.stringify(it), it.id),
    refund: (id: string) => found<Refund>(refund.get(id)),
    refundsOf: (id: string) => (refundsOf.all(id) as StateRow[]).map(parse<Refund>),
    addRefund: (it: Refund) => addRefund.run(it.id, it.intent, JSON.stringify(it)),
    intentPosition: (id: string) => (intent.get(id) as StateRow | undefined)?.seq,
    refundPosition: (id: string) => (refund.get(id) as StateRow | undefined)?.seq,
  }
}

function callsIn(database: DatabaseSync) {
  const record = database.prepare(`
    INSERT INTO call (request_id, at, method, path, status, key, fingerprint, answer, available_at, replayed)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const remembered = database.prepare(`
    SELECT path, fingerprint, answer, available_at FROM call
    WHERE key = ? AND at > ? AND answer IS NOT NULL ORDER BY at DESC LIMIT 1`)
  return {
    remembered(key: string, since: number): Remembered | undefined {
      const row = remembered.get(key, since) as KeyRow | undefined
      if (!row) return undefined
      const { path, fingerprint, answer, available_at: availableAt } = row
      return { path, fingerprint, answer: JSON.parse(answer) as Answer, availableAt }
    },
    record: (call: Call) =>
      record.run(
        call.requestId,
        call.at,
        call.method,
        call.path,
        call.status,
        call.key ?? null,
        call.fingerprint ?? null,
        call.answer ? JSON.stringify(call.answer) : null,
        call.availableAt ?? null,
        call.replayed ? 1 : 0,
      ),
  }
}

function listsIn(database: DatabaseSync) {
  function page<T>(sql: string, parameters: SQLInputValue[], limit: number, read: (row: StateRow) => T): Page<T> {
    const rows = database.prepare(`${sql} LIMIT ?`).all(...parameters, limit + 1) as StateRow[]
    const kept = rows.slice(0, limit)
    return { data: kept.map(read), next: rows.length > limit ? (kept.at(-1)?.seq ?? null) : null }
  }
  return {
    latestIntents: (before = Number.MAX_SAFE_INTEGER, limit = 10) =>
      page('SELECT seq, state FROM intent WHERE seq < ? ORDER BY seq DESC', [before], limit, parse<Intent>),
    latestRefunds: (intent: string | undefined, before = Number.MAX_SAFE_INTEGER, limit = 10) => {
      const [of, parameters] = intent === undefined ? ['', [before]] : ['AND intent = ?', [before, intent]]
      const sql = `SELECT seq, state FROM refund WHERE seq < ? ${of} ORDER BY seq DESC`
      return page(sql, parameters, limit, parse<Refund>)
    },
    /** Oldest first, after `after`, with all of `metadata` as given. */
    intents: (metadata: Record<string, string>, after: number, limit: number) => {
      const { orderId, ...others } = metadata
      const byOrder = orderId === undefined ? '' : ' AND order_id = ?'
      const byOthers = Object.keys(others).map(() => " AND json_extract(state, '$.metadata.' || json_quote(?)) = ?")
      const sql = `SELECT seq, state FROM intent WHERE seq > ?${byOrder}${byOthers.join('')} ORDER BY seq`
      const parameters = [after, ...(orderId === undefined ? [] : [orderId]), ...Object.entries(others).flat()]
      return page(sql, parameters, limit, parse<Intent>)
    },
    calls: (after: number, limit: number) => {
      const columns = 'seq, request_id, at, method, path, status, key, replayed'
      const sql = `SELECT ${columns} FROM call WHERE seq > ? ORDER BY seq`
      return page(sql, [after], limit, (row) => ({ ...row, replayed: 'replayed' in row && row.replayed === 1 }))
    },
  }
}

function found<T>(row: unknown): T | undefined {
  return row === undefined ? undefined : parse<T>(row as StateRow)
}

export type Ledger = ReturnType<typeof openLedger>

function parse<T>(row: StateRow): T {
  return JSON.parse(row.state) as T
}
