import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { check, type Subject } from '../src/check.ts'
import { recorded } from '../src/record.ts'
import type { Dialect } from '../src/schema.ts'

/** Files by `<dialect>/<set>/<file>`. */
export type Files = Readonly<Record<string, string>>

/** A release of a service called things: one table, and one of the technical ones. */
export const first = {
  'sqlite/store/001_technical_tables.sql':
    'CREATE TABLE inbox (id TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL) STRICT',
  'sqlite/things/001_things.sql': `CREATE TABLE thing (
    id BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, label TEXT, note TEXT, unread INTEGER) STRICT, WITHOUT ROWID`,
  'azure-sql/store/001_technical_tables.sql':
    'CREATE TABLE inbox (id nvarchar(200) NOT NULL, [at] bigint NOT NULL, CONSTRAINT inbox_id PRIMARY KEY (id))',
  'azure-sql/things/001_things.sql': `CREATE TABLE dbo.thing (
    id binary(16) NOT NULL PRIMARY KEY, version bigint NOT NULL, label nvarchar(10) NULL, note nvarchar(max), unread int NULL)`,
} as const

/** What the service reads and writes: all but `unread`. */
const tables = [{ name: 'thing', columns: { label: {}, note: {} } }]

/** A service whose release was recorded with these files. */
export async function released(files: Files = first, more: Partial<Subject> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-schema-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const write = (changed: Files) => {
    for (const [name, sql] of Object.entries(changed)) writeFileSync(join(folder, name), sql)
  }
  const foldersOf = (dialect: Dialect) => ({
    store: join(folder, dialect, 'store'),
    things: join(folder, dialect, 'things'),
  })
  const folders = { sqlite: foldersOf('sqlite'), 'azure-sql': foldersOf('azure-sql') }
  for (const { store, things } of Object.values(folders)) {
    mkdirSync(store, { recursive: true })
    mkdirSync(things)
  }
  write(files)
  const subject: Subject = { service: 'things', folders, tables, released: undefined, ...more }
  const record = await recorded(subject, '1.0.0')
  const next: Subject = { ...subject, released: record.released }
  return {
    folder,
    subject: next,
    recorded: record,
    write,
    remove: (name: string) => rmSync(join(folder, name)),
    /** What is found when these files are there too, and the service declares nothing any more. */
    after(changed: Files) {
      write(changed)
      return check({ ...next, tables: [] })
    },
  }
}

const next = (dialect: Dialect) => (sql: string) => ({ [`${dialect}/things/002_next.sql`]: sql })
export const sqlite = next('sqlite')
export const azureSql = next('azure-sql')
/** The same statement in both. */
export const both = (sql: string): Files => ({ ...sqlite(sql), ...azureSql(sql) })

export const ruleAndWhat = (findings: Awaited<ReturnType<typeof check>>) =>
  findings.map(({ rule, dialect, what }) => [rule, dialect, what])
