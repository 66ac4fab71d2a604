import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Turn } from '@flotilla/store-sqlite/turn'
import PostalMime, { type Address } from 'postal-mime'

/** A mail as it came over the wire. */
export interface Delivery {
  from: string
  to: string[]
  raw: Buffer
  /** Milliseconds since the epoch. */
  receivedAt: number
}

export interface Filter {
  /** An envelope recipient, in any case. */
  to?: string | undefined
  orderId?: string | undefined
  messageId?: string | undefined
}

/** What is known of a mail without parsing it. */
export interface Envelope {
  id: string
  /** The Message-ID header with its angle brackets; null when the mail has none. */
  messageId: string | null
  /** The X-Flotilla-Order-Id header. */
  orderId: string | null
  /** Of the SMTP envelope. */
  from: string
  to: string[]
  /** ISO 8601. */
  receivedAt: string
}

export interface Mail extends Envelope {
  subject: string | null
  /** The Date header, ISO 8601. */
  date: string | null
  header: { from: string; to: string[] }
  text: string
}

interface Row {
  seq: number
  message_id: string | null
  order_id: string | null
  sender: string
  recipients: string
  received_at: number
  raw: Uint8Array
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS mail (
    seq INTEGER PRIMARY KEY,
    message_id TEXT,
    order_id TEXT,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    raw BLOB NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS mail_by_message_id ON mail (message_id);
  CREATE INDEX IF NOT EXISTS mail_by_order ON mail (order_id) WHERE order_id IS NOT NULL;
  CREATE TABLE IF NOT EXISTS recipient (
    address TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES mail (seq),
    PRIMARY KEY (address, seq)
  ) STRICT, WITHOUT ROWID;
`

const columns = 'seq, message_id, order_id, sender, recipients, received_at'

/** Every mail ever accepted, in SQLite. A second copy is a second row. */
export function openMails(data: string | undefined) {
  if (data) mkdirSync(data, { recursive: true })
  const database = new DatabaseSync(data ? join(data, 'mailbox.db') : ':memory:')
  database.exec(schema)
  const turn = new Turn(database)
  const add = database.prepare(
    'INSERT INTO mail (message_id, order_id, sender, recipients, received_at, raw) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const addRecipient = database.prepare('INSERT OR IGNORE INTO recipient (address, seq) VALUES (?, ?)')
  const one = database.prepare(`SELECT ${columns}, raw FROM mail WHERE seq = ?`)

  function after(filter: Filter, seq: number, limit: number, wanted: string) {
    const { where, parameters } = condition(filter)
    const sql = `SELECT ${wanted} FROM mail WHERE seq > ? ${where} ORDER BY seq LIMIT ?`
    return database.prepare(sql).all(seq, ...parameters, limit) as unknown as Row[]
  }

  return {
    /** Resolves with the mail's id once it is on disk. */
    keep: ({ from, to, raw, receivedAt }: Delivery) =>
      turn.submit(() => {
        const headers = readHeaders(raw)
        const [messageId, orderId] = [header(headers, 'message-id'), header(headers, 'x-flotilla-order-id')]
        const { lastInsertRowid } = add.run(messageId, orderId, from, JSON.stringify(to), receivedAt, raw)
        for (const address of to) addRecipient.run(address.toLowerCase(), lastInsertRowid)
        return String(lastInsertRowid)
      }),
    find: async (id: string) => {
      const row = one.get(id) as Row | undefined
      return row && parse(row)
    },
    /** Oldest first, after `seq`. */
    list: (filter: Filter, seq: number, limit: number) =>
      Promise.all(after(filter, seq, limit, `${columns}, raw`).map(parse)),
    envelopes: (filter: Filter, seq: number, limit: number) => after(filter, seq, limit, columns).map(envelope),
    /** Newest first, from before `before`. */
    latest: (before: number, limit: number) => {
      const sql = `SELECT ${columns}, raw FROM mail WHERE seq < ? ORDER BY seq DESC LIMIT ?`
      return Promise.all((database.prepare(sql).all(before, limit) as unknown as Row[]).map(parse))
    },
    count: (filter: Filter) => {
      const { where, parameters } = condition(filter)
      const row = database.prepare(`SELECT count(*) AS count FROM mail WHERE true ${where}`).get(...parameters)
      return (row as { count: number }).count
    },
    close: () => {
      turn.flush()
      database.close()
    },
  }
}

export type Mails = ReturnType<typeof openMails>

function condition({ to, orderId, messageId }: Filter) {
  const parts: [string, string][] = []
  if (to !== undefined) parts.push(['AND seq IN (SELECT seq FROM recipient WHERE address = ?)', to.toLowerCase()])
  if (orderId !== undefined) parts.push(['AND order_id = ?', orderId])
  if (messageId !== undefined) parts.push(['AND message_id = ?', messageId])
  return { where: parts.map(([sql]) => sql).join(' '), parameters: parts.map(([, value]) => value) }
}

function envelope(row: Row): Envelope {
  return {
    id: String(row.seq),
    messageId: row.message_id,
    orderId: row.order_id,
    from: row.sender,
    to: JSON.parse(row.recipients) as string[],
    receivedAt: new Date(row.received_at).toISOString(),
  }
}

async function parse(row: Row): Promise<Mail> {
  const { subject, date, from, to, text, html } = await PostalMime.parse(row.raw)
  const header = { from: from ? addresses([from]).join(', ') : '', to: addresses(to ?? []) }
  return { ...envelope(row), header, subject: subject ?? null, date: date ?? null, text: text ?? html ?? '' }
}

function addresses(list: Address[]): string[] {
  return list.flatMap((entry) => (entry.group ? entry.group.map((it) => it.address) : [entry.address ?? '']))
}

/** The header section, unfolded (RFC 5322, 2.2.3). */
function readHeaders(raw: Buffer): string {
  const end = raw.indexOf('\r\n\r\n')
  return raw.toString('latin1', 0, end < 0 ? raw.length : end).replace(/\r?\n[ \t]+/g, ' ')
}

function header(headers: string, name: string): string | null {
  const [, value] = new RegExp(`^${name}[ \\t]*:[ \\t]*(.*?)[ \\t]*$`, 'im').exec(headers) ?? []
  return value || null
}
