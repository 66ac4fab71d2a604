import { blobToUuid } from '@flotilla/decider/uuid'
import type { NotificationRecord, Owed, Records } from './records.ts'

/** Rows as a database gives them: UUIDs are 16 bytes, JSON is text. */
export type Rows = readonly Readonly<Record<string, unknown>>[]

/** What is read of a service's database: statements that every database understands, and what their rows say together. */
export interface Book<Said> {
  readonly statements: readonly string[]
  /** One element for each statement. */
  read(found: readonly Rows[]): Said
}

const idOf = (id: unknown): string => blobToUuid(id as Uint8Array)

/** The deadline of an open order is no debt: it is cancelled when the order ends. */
const debts = [
  'SELECT COUNT(*) AS many FROM outbox',
  "SELECT COUNT(*) AS many FROM due_work WHERE kind <> 'deadline'",
] as const

function owedBy(service: string, [outbox, work]: readonly (Rows | undefined)[]): Owed {
  const count = (rows: Rows | undefined) => Number(rows?.[0]?.many)
  return { service, messages: count(outbox), work: count(work) }
}

const orders: Book<Pick<Records, 'orders'> & { owed: Owed }> = {
  statements: [
    'SELECT id, status, total, currency, deadline, ended_at, reason FROM orders',
    "SELECT home, COUNT(*) AS ends FROM history WHERE type IN ('Confirmed', 'Cancelled') GROUP BY home",
    ...debts,
  ],
  read([rows = [], ended = [], ...debts]) {
    const ends = new Map(ended.map(({ home, ends }) => [home, ends as number]))
    const records = rows.map(({ id: bytes, ended_at: endedAt, ...row }) => {
      const id = idOf(bytes)
      return { id, ...row, endedAt, ends: ends.get(`order:${id}`) ?? 0 } as Records['orders'][number]
    })
    return { orders: records, owed: owedBy('order', debts) }
  },
}

const stock: Book<Pick<Records, 'items' | 'reservations' | 'receipts'> & { owed: Owed }> = {
  statements: [
    'SELECT id AS sku, received, available, reserved, sold FROM item',
    'SELECT id, status, lines FROM reservation',
    'SELECT sku, quantity FROM receipt',
    ...debts,
  ],
  read([items, reservations = [], receipts, ...debts]) {
    return {
      items: items as unknown as Records['items'],
      receipts: receipts as unknown as Records['receipts'],
      reservations: reservations.map(({ id, status, lines }) => ({
        orderId: idOf(id),
        status: status as Records['reservations'][number]['status'],
        lines: JSON.parse(lines as string),
      })),
      owed: owedBy('inventory', debts),
    }
  },
}

const payments: Book<Pick<Records, 'payments'> & { owed: Owed }> = {
  statements: ['SELECT id, status, captured, refunded FROM payment', ...debts],
  read([rows = [], ...debts]) {
    const records = rows.map(({ id, ...row }) => ({ orderId: idOf(id), ...row }) as Records['payments'][number])
    return { payments: records, owed: owedBy('payment', debts) }
  },
}

/** By service. */
export const books = { order: orders, inventory: stock, payment: payments }

/** What is read of each document of notification. */
export interface NotificationDocument {
  readonly orderId: string
  readonly state?: {
    readonly status: 'due' | 'sent' | 'failed'
    readonly end: { readonly kind: NotificationRecord['kind'] }
  }
  readonly outbox: readonly unknown[]
  readonly work: readonly unknown[]
}

export function readNotifications(documents: readonly NotificationDocument[]) {
  const notifications = documents.flatMap(({ orderId, state }): NotificationRecord[] =>
    state ? [{ orderId, status: state.status, kind: state.end.kind }] : [],
  )
  const count = (of: 'outbox' | 'work') => documents.reduce((sum, document) => sum + document[of].length, 0)
  return { notifications, owed: { service: 'notification', messages: count('outbox'), work: count('work') } }
}
