import type { Found } from '../database.ts'
import type { Step } from './explained.ts'

type Results = readonly (readonly Found[])[]

/**
 * Babelfish is PostgreSQL beneath, which counts how often this session has scanned each table and gone by each index, and how many
 * rows and entries it read. (Of its two ways to tell a plan, SET BABELFISH_STATISTICS PROFILE ends the whole server at a save, and SET
 * BABELFISH_SHOWPLAN_ALL runs nothing.)
 */
const counters = `SELECT t.name AS [table], NULL AS [index], pg_stat_get_xact_numscans(t.object_id) AS [counted_scans],
  pg_stat_get_xact_tuples_returned(t.object_id) AS [counted_rows]
FROM sys.tables AS t WHERE t.is_ms_shipped = 0
UNION ALL
SELECT t.name, c.relname, pg_stat_get_xact_numscans(x.indexrelid), pg_stat_get_xact_tuples_returned(x.indexrelid)
FROM sys.tables AS t INNER JOIN pg_catalog.pg_index AS x ON x.indrelid = t.object_id
  INNER JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid
WHERE t.is_ms_shipped = 0;`

/** The statements ask for loop joins (INNER LOOP JOIN), and Babelfish does not always see it. */
const loopJoins = `SELECT pg_catalog.set_config('enable_hashjoin', 'off', CAST(0 AS bool)),
  pg_catalog.set_config('enable_mergejoin', 'off', CAST(0 AS bool));`

/** Counts before and after, in the same request: between two requests PostgreSQL may begin to count anew. */
export const counting = (sql: string): string => [loopJoins, counters, sql, counters].join('\n')

/** What the statement itself gave, and what it read. Throws when it ended before that was counted. */
export function counted([, before, ...results]: Results): { results: Results; steps: Step[] } {
  const after = results.pop()
  if (!before || after?.[0]?.counted_rows === undefined)
    throw new Error('the statement ended before what it read was counted')
  const was = new Map(before.map((found) => [nameOf(found), found]))
  const steps = after
    .filter((found) => since('counted_scans', found, was) > 0)
    .map((found) => {
      const index = (found.index as string | null) ?? undefined
      const [operation, isScan] = index === undefined ? ['Seq Scan', true] : ['Index Scan', false]
      return { operation, table: found.table as string, index, rows: since('counted_rows', found, was), isScan } as Step
    })
  return { results, steps }
}

const nameOf = ({ table, index }: Found) => `${table} ${index}`

const since = (counter: string, found: Found, was: ReadonlyMap<string, Found>) =>
  Number(found[counter]) - Number(was.get(nameOf(found))?.[counter] ?? 0)
