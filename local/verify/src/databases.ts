import type { NotificationRecord, Owed, Records } from './records.ts'

/** Runs one statement, and gives all that it finds; what the columns hold is the caller's word. */
export type All = <Row>(sql: string) => Row[]

export const uuidOf = (column: string) =>
  `lower(substr(hex(${column}), 1, 8) || '-' || substr(hex(${column}), 9, 4) || '-' || substr(hex(${column}), 13, 4) ` +
  `|| '-' || substr(hex(${column}), 17, 4) || '-' || substr(hex(${column}), 21))`

export function readOrders(all: All): Pick<Records, 'orders'> {
  const ends = new Map(
    all<{ home: string; ends: number }>(
      "SELECT home, count(*) AS ends FROM history WHERE type IN ('Confirmed', 'Cancelled') GROUP BY home",
    ).map(({ home, ends }) => [home, ends]),
  )
  const rows = all<Omit<Records['orders'][number], 'ends'>>(
    `SELECT ${uuidOf('id')} AS id, status, total, currency, deadline, ended_at AS endedAt FROM orders`,
  )
  return { orders: rows.map((row) => ({ ...row, ends: ends.get(`order:${row.id}`) ?? 0 })) }
}

export function readStock(all: All): Pick<Records, 'items' | 'reservations' | 'receipts'> {
  return {
    items: all('SELECT id AS sku, received, available, reserved, sold FROM item'),
    receipts: all('SELECT sku, quantity FROM receipt'),
    reservations: all<{ orderId: string; status: never; lines: string }>(
      `SELECT ${uuidOf('id')} AS orderId, status, lines FROM reservation`,
    ).map((row) => ({ ...row, lines: JSON.parse(row.lines) })),
  }
}

export function readPayments(all: All): Pick<Records, 'payments'> {
  return { payments: all(`SELECT ${uuidOf('id')} AS orderId, status, captured, refunded FROM payment`) }
}

/** The deadline of an open order is no debt: it is cancelled when the order ends. */
export function owedBy(service: string, all: All): Owed {
  const [outbox] = all<{ count: number }>('SELECT count(*) AS count FROM outbox')
  const [work] = all<{ count: number }>("SELECT count(*) AS count FROM due_work WHERE kind <> 'deadline'")
  return { service, messages: outbox?.count ?? 0, work: work?.count ?? 0 }
}

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
