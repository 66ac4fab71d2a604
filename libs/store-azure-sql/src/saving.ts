import { idOf, type Key } from '@flotilla/decider/decider'
import type { Plan } from '@flotilla/decider/plan'
import type { Table } from '@flotilla/decider/table'
import { appended } from './appending.ts'
import type { Statement } from './database.ts'
import { Rows } from './rows.ts'
import { columnCell, idCell, idLayouts, quoted, rowLayout, textId } from './shape.ts'
import type { Tables } from './tables.ts'

export interface SavingOptions {
  /** Outbox rows that the broker has. */
  readonly forgotten: readonly string[]
  /** Whether a transaction runs already, which whoever began it ends. */
  readonly isInTransaction: boolean
}

/**
 * One round trip that writes a plan, whole or not at all. It gives no row when all is written. A row that has changed, work that is
 * gone or a key that is taken is a conflict, and comes back as a row: `number` and `message` of the error, or 0. In a transaction of
 * somebody else a key that is taken is an error instead, because it dooms the transaction.
 */
export function savingOf<Row>(tables: Tables<Row>, plan: Plan<Row>, options: SavingOptions): Statement {
  const rows = new Rows()
  const { forgotten, isInTransaction } = options
  const conflict = (number: string, message: string) => `SELECT ${number} AS [number], ${message} AS [message]; RETURN;`
  const lost = `BEGIN ${isInTransaction ? '' : 'ROLLBACK TRANSACTION; '}${conflict('0', 'NULL')} END;`
  const body = [
    ...workEnds(plan, rows, lost),
    ...[...tables.grouped([...plan.rows.keys()])].flatMap(([table, keys]) => rowWrites(table, keys, plan, rows, lost)),
    ...appended(plan, forgotten, rows),
  ]
  return {
    name: 'save',
    sql: ['DECLARE @found bigint;', ...(isInTransaction ? body : atomic(body, conflict))].join('\n'),
    values: { rows },
    batchSize: plan.saved.length,
    isRepeatable: false,
  }
}

/** 2601 and 2627 are keys that are taken: https://learn.microsoft.com/sql/relational-databases/errors-events */
function atomic(body: readonly string[], conflict: (number: string, message: string) => string): string[] {
  return [
    'BEGIN TRY',
    'BEGIN TRANSACTION;',
    ...body,
    'COMMIT TRANSACTION;',
    'END TRY',
    'BEGIN CATCH',
    'IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;',
    'IF ERROR_NUMBER() NOT IN (2601, 2627) THROW;',
    conflict('ERROR_NUMBER()', 'ERROR_MESSAGE()'),
    'END CATCH',
  ]
}

/** The statement before has to have found every row of its part. */
const allFound = (part: string, lost: string) => `SET @found = @@ROWCOUNT;
IF @found <> (SELECT COUNT(*) FROM @rows WHERE [part] = N'${part}') ${lost}`

/** First of all, so that of two that do the same work one waits, and finds it gone. */
function workEnds({ work, settled }: Plan<unknown>, rows: Rows, lost: string): string[] {
  const mine = new Set(settled)
  for (const id of settled.toSorted()) rows.add('settled', { k1: textId(id) })
  for (const id of [...work.keys()].sort()) if (!mine.has(id)) rows.add('replaced', { k1: textId(id) })
  const removal = (part: string) =>
    `DELETE w FROM ${idLayouts.text.from(part)} AS k INNER LOOP JOIN due_work AS w ON w.[id] = k.[id];`
  const parts: string[] = []
  if (rows.has('settled')) parts.push(removal('settled'), allFound('settled', lost))
  if (rows.has('replaced')) parts.push(removal('replaced'))
  return parts
}

/** In the order of their keys, so that two batches wait for each other in one direction only. */
function rowWrites<Row>(table: Table<Row>, keys: readonly Key[], plan: Plan<Row>, rows: Rows, lost: string): string[] {
  const [changed, added] = [`${table.name}_changed`, `${table.name}_added`]
  for (const key of keys) {
    const { state, stored, version } = plan.rows.get(key) as { state: Row; stored: number; version: number }
    const id = idOf(key)
    const cells = Object.entries(table.columns).map(([name, column]) => [name, columnCell(column, state, id)])
    const values = { id: idCell(table, key), stored, version, ...Object.fromEntries(cells) }
    rows.add(stored > 0 ? changed : added, rowLayout(table).cells(values))
  }
  const statements: string[] = []
  if (rows.has(changed)) statements.push(update(table, changed), allFound(changed, lost))
  if (rows.has(added)) statements.push(insertion(table, added))
  return statements
}

function update<Row>(table: Table<Row>, part: string): string {
  const written = ['version', ...Object.keys(table.columns)].map((name) => `${quoted(name)} = r.${quoted(name)}`)
  return `UPDATE t SET ${written.join(', ')}
FROM ${rowLayout(table).from(part)} AS r INNER LOOP JOIN ${quoted(table.name)} AS t ON t.[id] = r.[id]
WHERE t.[version] = r.[stored];`
}

function insertion<Row>(table: Table<Row>, part: string): string {
  const names = ['id', 'version', ...Object.keys(table.columns)].map(quoted)
  const values = names.map((name) => `r.${name}`).join(', ')
  return `INSERT INTO ${quoted(table.name)} (${names.join(', ')})
SELECT ${values} FROM ${rowLayout(table).from(part)} AS r ORDER BY r.[position];`
}
