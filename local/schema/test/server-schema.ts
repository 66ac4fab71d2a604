import { openDatabase } from '@flotilla/store-azure-sql/connect'
import type { Connection } from '@flotilla/store-azure-sql/database'
import { testDatabase } from '../../../libs/store-azure-sql/test/server.ts'
import type { Build, Column, Schema } from '../src/schema.ts'

/** Runs the migrations on the server of FLOTILLA_SQLSERVER, in a database of their own, and asks it what came of them. */
export const buildOnServer: Build = async (before, added) => {
  const { connectionString, drop } = await testDatabase()
  const database = await openDatabase({ connectionString, requestTimeout: 60_000 })
  try {
    const apply = ({ file: name, sql }: { file: string; sql: string }) =>
      database.transaction((connection) => connection.run({ name, sql, isRepeatable: false }))
    for (const migration of before) await apply(migration)
    const stages: Awaited<ReturnType<Build>>[number][] = [{ schema: await schemaOf(database) }]
    for (const migration of added) {
      await apply(migration)
      stages.push({ migration, schema: await schemaOf(database) })
    }
    return stages
  } finally {
    await database.close()
    await drop()
  }
}

const columnsSql = `SELECT t.name AS [table], c.name AS [column], TYPE_NAME(c.user_type_id) AS [type], c.max_length AS [length],
  c.is_nullable, c.is_identity, c.is_computed, c.default_object_id
FROM sys.tables AS t JOIN sys.columns AS c ON c.object_id = t.object_id
WHERE t.is_ms_shipped = 0 ORDER BY t.name, c.column_id`

async function schemaOf(connection: Connection): Promise<Schema> {
  const [rows = []] = await connection.run({ name: 'read the schema', sql: columnsSql })
  const schema = new Map<string, Map<string, Column>>()
  for (const row of rows) {
    const table = String(row.table).toLowerCase()
    const columns = schema.get(table) ?? new Map<string, Column>()
    const isFilled = row.is_identity === true || row.is_computed === true || row.default_object_id !== 0
    schema.set(table, columns.set(String(row.column).toLowerCase(), { ...typeOf(row), isFilled }))
  }
  return schema
}

/** Lengths are in bytes, of which `nvarchar` has two for a character; -1 is max. */
function typeOf({ type, length, is_nullable }: Readonly<Record<string, unknown>>) {
  const name = String(type).toLowerCase()
  const size = name.startsWith('n') && Number(length) > 0 ? Number(length) / 2 : Number(length)
  const sized = /char|binary/.test(name) ? `${name}(${size < 0 ? 'max' : size})` : name
  return { type: sized, isNullable: is_nullable === true }
}
