import { DatabaseSync } from 'node:sqlite'
import { failed, type Migration } from '@flotilla/decider/migration-set'
import type { Build, Column, Schema } from './schema.ts'

/** Runs the migrations in memory, and asks SQLite what came of it. */
export const buildSqlite: Build = async (before, added) => {
  const database = new DatabaseSync(':memory:')
  try {
    for (const migration of before) apply(database, migration)
    const stages = [{ schema: schemaOf(database) }]
    return [...stages, ...added.map((migration) => ({ migration, schema: apply(database, migration) }))]
  } finally {
    database.close()
  }
}

function apply(database: DatabaseSync, migration: Migration): Schema {
  try {
    database.exec(migration.sql)
  } catch (error) {
    throw failed(migration, error)
  }
  return schemaOf(database)
}

/** https://sqlite.org/pragma.html#pragma_table_xinfo: 2 and 3 are generated. */
function schemaOf(database: DatabaseSync): Schema {
  const rows = database
    .prepare(
      `SELECT t.name AS "table", c.name, c.type, c."notnull" AS required, c.dflt_value AS preset, c.hidden
       FROM sqlite_schema t, pragma_table_xinfo(t.name) c
       WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite^_%' ESCAPE '^' ORDER BY t.name, c.cid`,
    )
    .all()
  const schema = new Map<string, Map<string, Column>>()
  for (const { table, name, type, required, preset, hidden } of rows) {
    const columns = schema.get(lower(table)) ?? new Map<string, Column>()
    const isFilled = preset !== null || Number(hidden) > 1
    schema.set(lower(table), columns.set(lower(name), { type: lower(type), isNullable: required === 0, isFilled }))
  }
  return schema
}

const lower = (value: unknown): string => String(value).toLowerCase()
