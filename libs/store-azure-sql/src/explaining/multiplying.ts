import type { Database, Found } from '../database.ts'
import { quoted } from '../shape.ts'

/**
 * For tests: makes the rows of every table many, so that the server has a reason to go by an index, and knows it. Each row comes
 * again under other keys and at other times, that many times (at most 10,000).
 */
export async function multiply(database: Database, times: number): Promise<void> {
  const [columns = []] = await database.run({ name: 'list columns', sql: columnsSql })
  for (const [table, all] of Map.groupBy(columns, ({ table }) => table as string)) {
    const list = (of: (column: Found) => string) => all.map(of).join(', ')
    const sql = `${numbers}
INSERT INTO ${quoted(table)} (${list(({ name }) => quoted(name as string))})
SELECT ${list(copied)} FROM ${quoted(table)} AS t CROSS JOIN numbers WHERE numbers.n <= @times;`
    await database.run({ name: `multiply ${table}`, sql, values: { times }, isRepeatable: false, timeout: 120_000 })
  }
  await database.run({ name: 'update statistics', sql: 'EXEC sp_updatestats;', timeout: 120_000 })
}

const columnsSql = `SELECT t.name AS [table], c.name, TYPE_NAME(c.user_type_id) AS [type],
  (SELECT COUNT(*) FROM sys.index_columns AS k WHERE k.object_id = c.object_id AND k.column_id = c.column_id) AS [indexes],
  (SELECT COUNT(*) FROM sys.index_columns AS k INNER JOIN sys.indexes AS i ON i.object_id = k.object_id AND i.index_id = k.index_id
    WHERE k.object_id = c.object_id AND k.column_id = c.column_id AND i.is_unique = 1) AS [keys]
FROM sys.tables AS t INNER JOIN sys.columns AS c ON c.object_id = t.object_id
WHERE t.is_ms_shipped = 0 AND t.name <> N'migration' ORDER BY t.name, c.column_id;`

const numbers = `WITH digits AS (SELECT d FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS v (d)),
numbers AS (
  SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS n
  FROM digits AS a CROSS JOIN digits AS b CROSS JOIN digits AS c CROSS JOIN digits AS e
)`

/** Keys are made new; whole numbers of an index (times, versions) differ; all else is the same. */
function copied({ name, type, indexes, keys }: Found): string {
  const column = `t.${quoted(name as string)}`
  if (type === 'nvarchar' && (keys as number) > 0) return `CONCAT(${column}, N'-', numbers.n)`
  if (type === 'binary' && (keys as number) > 0) return 'CONVERT(binary(16), NEWID())'
  return type === 'bigint' && (indexes as number) > 0 ? `${column} - numbers.n` : column
}
