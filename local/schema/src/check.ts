import { type Migration, MigrationRefused, nameOf, readSets } from '@flotilla/decider/migration-set'
import { notOneBatch } from '@flotilla/store-azure-sql/tsql'
import { incompatibilities } from './compatibility.ts'
import type { Finding } from './finding.ts'
import type { Declared, Released } from './released.ts'
import { type Build, type Dialect, dialects, type Schema, type Stage } from './schema.ts'
import { buildSqlite } from './sqlite.ts'
import { readTsql } from './tsql.ts'

/** A service and its database. */
export interface Subject {
  readonly service: string
  /** Folders of migrations for each dialect, by the name of the set: the technical tables (`store`) first, then the service's. */
  readonly folders: Readonly<Record<Dialect, Readonly<Record<string, string>>>>
  readonly tables: readonly Declared[]
  /** Undefined: no release was recorded. */
  readonly released: Released | undefined
  /** How a schema is made of migrations; default: SQLite in memory, and T-SQL by reading. */
  readonly build?: Partial<Readonly<Record<Dialect, Build>>>
}

type Found = Omit<Finding, 'service'>
type ByDialect<Value> = Record<Dialect, Value>

/** What keeps this release from being rolled out beside the one before. */
export async function check(subject: Subject): Promise<Finding[]> {
  const found = await findingsOf(subject)
  return found.map((finding) => ({ service: subject.service, ...finding }))
}

async function findingsOf({ folders, tables, released, build = {} }: Subject): Promise<Found[]> {
  try {
    const migrations = migrationsIn(folders)
    const found = [...batches(migrations['azure-sql']), ...unrecorded(released)]
    if (found.length > 0) return found
    const builds: ByDialect<Build> = { sqlite: buildSqlite, 'azure-sql': readTsql, ...build }
    const schemas: Partial<ByDialect<Schema>> = {}
    for (const dialect of dialects) {
      const { before, added, changed } = split(dialect, migrations[dialect], released)
      found.push(...changed)
      const stages: readonly Stage[] = await builds[dialect](before, added)
      if (released && changed.length === 0) found.push(...incompatibilities(dialect, released, stages))
      schemas[dialect] = stages.at(-1)?.schema ?? new Map()
    }
    const { sqlite = new Map(), 'azure-sql': azureSql = new Map() } = schemas
    return [...found, ...differences(sqlite, azureSql), ...undeclared(tables, sqlite)]
  } catch (error) {
    if (!(error instanceof MigrationRefused)) throw error
    const mend = 'a database would refuse it too: mend it before it is released'
    return [{ rule: 'migrations can be applied', what: error.message, mend }]
  }
}

export const migrationsIn = (folders: Subject['folders']): ByDialect<Migration[]> => ({
  sqlite: readSets(folders.sqlite).flatMap(({ files }) => [...files]),
  'azure-sql': readSets(folders['azure-sql']).flatMap(({ files }) => [...files]),
})

function unrecorded(released: Released | undefined): Found[] {
  if (released) return []
  const mend = 'record the release that runs: npm run schema -- --record 0.1.0'
  return [{ rule: 'a release is recorded', what: 'migrations/released.json is missing', mend }]
}

function batches(migrations: readonly Migration[]): Found[] {
  return migrations.flatMap((migration) => {
    const wrong = notOneBatch(migration.sql)
    if (wrong === undefined) return []
    const what = `migration ${nameOf(migration)} ${wrong.what}`
    return [{ rule: 'migrations can be applied', dialect: 'azure-sql', what, mend: wrong.mend } satisfies Found]
  })
}

/** The migrations of the release before, and those that were added since. */
function split(dialect: Dialect, migrations: readonly Migration[], released: Released | undefined) {
  const checksums = released?.migrations[dialect] ?? {}
  const before = migrations.filter((migration) => nameOf(migration) in checksums)
  const added = migrations.filter((migration) => !(nameOf(migration) in checksums))
  const changed = Object.entries(checksums).flatMap(([name, checksum]): Found[] => {
    const now = before.find((migration) => nameOf(migration) === name)
    if (now?.checksum === checksum) return []
    const what = `migration ${name} of release ${released?.release} ${now ? 'was changed' : 'is gone'}`
    const mend = now ? 'undo that, and add a new one' : 'bring it back under its name: databases have it'
    return [{ rule: 'a released migration stays as it was', dialect, what, mend }]
  })
  return { before, added, changed }
}

function differences(sqlite: Schema, azureSql: Schema): Found[] {
  const [ours, theirs] = [namesIn(sqlite), namesIn(azureSql)]
  const only = (names: readonly string[], others: readonly string[], has: Dialect, lacks: Dialect) =>
    names
      .filter((name) => !others.includes(name))
      // A table that is missing is one finding, not one for each of its columns.
      .filter((name) => !name.includes('.') || others.includes(name.split('.')[0] ?? ''))
      .map(
        (name): Found => ({
          rule: 'both dialects have the same tables and columns',
          what: `${name} is only in the migrations of ${has}`,
          mend: `change both: add a migration to ${lacks}`,
        }),
      )
  return [...only(ours, theirs, 'sqlite', 'azure-sql'), ...only(theirs, ours, 'azure-sql', 'sqlite')]
}

const namesIn = (schema: Schema): string[] =>
  [...schema].flatMap(([table, columns]) => [table, ...[...columns.keys()].map((column) => `${table}.${column}`)])

function undeclared(tables: readonly Declared[], schema: Schema): Found[] {
  const names = namesIn(schema)
  const declared = tables.flatMap(({ name, columns }) => Object.keys(columns).map((column) => `${name}.${column}`))
  return declared
    .filter((name) => !names.includes(name))
    .map((name) => ({
      rule: 'what a service declares is there',
      what: `outbound/tables.ts declares ${name}, which no migration makes`,
      mend: 'add a migration to both dialects, and release it before the code that reads the column, or with it',
    }))
}
