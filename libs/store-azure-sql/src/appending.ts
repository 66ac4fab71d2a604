import type { Plan } from '@flotilla/decider/plan'
import { type Cell, type CellKind, layoutOf, type Rows } from './rows.ts'
import { idLayouts, quoted, textId } from './shape.ts'

const inbox = { id: 'k', home: 'k', at: 'n' } as const
const keys = { id: 'k', home: 'k', fingerprint: 't', at: 'n' } as const
const histories = { home: 'k', version: 'n', idx: 'n', at: 'n', type: 't', body: 't' } as const
const messages = {
  id: 'k',
  topic: 't',
  type: 't',
  correlation_id: 't',
  body: 't',
  properties: 't',
  traceparent: 't',
  at: 'n',
  lease_until: 'n',
} as const
const works = {
  id: 'k',
  kind: 't',
  home: 'k',
  payload: 't',
  due_at: 'n',
  visible_at: 'n',
  attempts: 'n',
  traceparent: 't',
} as const

/** What is only ever added, and the outbox rows that go. */
export function appended(
  { causes, history, outbox, work }: Plan<unknown>,
  forgotten: readonly string[],
  rows: Rows,
): string[] {
  const of = (kind: 'message' | 'request') => causes.filter(({ cause }) => cause.kind === kind)
  const scheduled = [...work.values()].filter((due) => due !== undefined)
  const statements = [
    append(rows, 'inbox', inbox, of('message'), ({ cause, home, at }) => ({
      id: textId(cause.id),
      home: textId(home),
      at,
    })),
    append(rows, 'idempotency_key', keys, of('request'), ({ cause, home, at }) => {
      return { id: textId(cause.id), home: textId(home), fingerprint: cause.fingerprint ?? null, at }
    }),
    append(rows, 'history', histories, history, ({ key, version, index, at, type, body }) => {
      return { home: textId(key), version, idx: index, at, type, body }
    }),
    append(rows, 'outbox', messages, outbox, ({ row, at }) => ({
      id: textId(row.id),
      topic: row.topic,
      type: row.type,
      correlation_id: row.correlationId,
      body: row.body,
      properties: row.properties ? JSON.stringify(row.properties) : null,
      traceparent: row.traceparent ?? null,
      at,
      lease_until: row.leaseUntil,
    })),
    append(rows, 'due_work', works, scheduled, (due) => ({
      id: textId(due.id),
      kind: due.kind,
      home: textId(due.home),
      payload: JSON.stringify(due.payload ?? null),
      due_at: due.dueAt,
      visible_at: due.visibleAt,
      attempts: due.attempts,
      traceparent: due.traceparent ?? null,
    })),
    ...(forgotten.length > 0 ? [forgetting(forgotten, rows)] : []),
  ]
  return statements.filter((statement) => statement !== '')
}

function append<Name extends string, Item>(
  rows: Rows,
  table: string,
  columns: Readonly<Record<Name, CellKind>>,
  items: readonly Item[],
  row: (item: Item) => Readonly<Record<Name, Cell>>,
): string {
  if (items.length === 0) return ''
  const layout = layoutOf(columns)
  for (const item of items) rows.add(table, layout.cells(row(item)))
  const names = Object.keys(columns).map(quoted)
  return `INSERT INTO ${table} (${names.join(', ')})
SELECT ${names.map((name) => `r.${name}`).join(', ')} FROM ${layout.from(table)} AS r ORDER BY r.[position];`
}

/** Deletes outbox rows that the broker has. */
export function forgetting(ids: readonly string[], rows: Rows): string {
  for (const id of ids.toSorted()) rows.add('forgotten', { k1: id })
  return `DELETE o FROM ${idLayouts.text.from('forgotten')} AS k INNER LOOP JOIN outbox AS o ON o.[id] = k.[id];`
}
