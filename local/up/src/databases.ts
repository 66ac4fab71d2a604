import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readConnectionString, withDatabase } from '@flotilla/store-azure-sql/connection-string'
import type { DatabaseSource } from '@flotilla/verify/book'
import { filesIn, root, sqlServices } from './members.ts'

type SqlService = (typeof sqlServices)[number]
type Each<Of> = Readonly<Record<SqlService, Of>>

/** Where a service keeps its rows: a SQLite file, or a database on a SQL Server. Without passwords. */
export type Place = { readonly file: string } | { readonly server: string; readonly database: string }

/** The databases of order, inventory and payment, which belong to one data folder. */
export interface Databases {
  readonly places: Each<Place>
  /** For whoever reads them beside the services: not to be shown. */
  readonly sources: Each<DatabaseSource>
  /** Each service's environment. */
  readonly settings: Each<Readonly<Record<string, string>>>
  /** Makes what is missing. Migrations are run by a job and never by a starting replica; here we are the job. */
  migrate(): Promise<void>
  /** Deletes what a server keeps; files go with their folder. */
  drop(): Promise<void>
}

/**
 * The databases of a data folder: SQLite files in it, or on `sqlServer` (a connection string without Database). What the stand-ins
 * keep in the folder belongs to its databases and no others, so it is refused when they were elsewhere until now.
 */
export function databasesOf(data: string, sqlServer: string | undefined): Databases {
  const { sqlServer: marker, database } = filesIn(data)
  if (sqlServer === undefined) {
    if (!existsSync(marker)) return sqliteFiles(data)
    throw new Error(`its databases are on a SQL Server: set FLOTILLA_SQLSERVER as it was, or choose another folder`)
  }
  if (!existsSync(database('order'))) return sqlServerDatabases(data, prefixOf(marker), sqlServer)
  throw new Error('its databases are SQLite files: unset FLOTILLA_SQLSERVER, or choose another folder')
}

const each = <Of>(of: (service: SqlService) => Of): Each<Of> => {
  const [order, inventory, payment] = sqlServices
  return { order: of(order), inventory: of(inventory), payment: of(payment) }
}

function sqliteFiles(data: string): Databases {
  const { database: file } = filesIn(data)
  return {
    places: each((service) => ({ file: file(service) })),
    sources: each((service) => ({ file: file(service) })),
    settings: each((service) => ({ DATABASE_FILE: file(service) })),
    async migrate() {
      const { migrate } = await import('@flotilla/store-sqlite/migrations')
      for (const service of sqlServices) migrate({ file: file(service), folders: foldersOf(service, 'sqlite') })
    },
    async drop() {},
  }
}

function sqlServerDatabases(data: string, prefix: string, server: string): Databases {
  const nameOf = (service: SqlService) => `${prefix}_${service}`
  const connectionString = (service: SqlService) => withDatabase(server, nameOf(service))
  return {
    places: each((service) => {
      const { server: host, port, database } = readConnectionString(connectionString(service))
      return { server: `${host},${port}`, database }
    }),
    sources: each((service) => ({ connectionString: connectionString(service) })),
    settings: each((service) => ({ DATABASE_CONNECTION_STRING: connectionString(service) })),
    async migrate() {
      const { createDatabase } = await import('@flotilla/store-azure-sql/local-server')
      const { openDatabase } = await import('@flotilla/store-azure-sql/connect')
      const { migrate } = await import('@flotilla/store-azure-sql/migrations')
      // New ones would lack what the folder says is there.
      const isMissing = !existsSync(filesIn(data).seeded)
      for (const service of sqlServices) {
        if (isMissing) await createDatabase({ server, name: nameOf(service) })
        const database = await openDatabase({ connectionString: connectionString(service) })
        try {
          await migrate({ database, folders: foldersOf(service, 'azure-sql') })
        } finally {
          await database.close()
        }
      }
    },
    async drop() {
      const { dropDatabase } = await import('@flotilla/store-azure-sql/local-server')
      for (const service of sqlServices) await dropDatabase({ server, name: nameOf(service) })
    },
  }
}

const foldersOf = (service: SqlService, kind: 'sqlite' | 'azure-sql') => ({
  [service]: join(root, 'services', service, 'migrations', kind),
})

/** Made once in the life of a data folder, so that another folder, or this one deleted and made anew, has others. */
function prefixOf(marker: string): string {
  if (!existsSync(marker)) {
    mkdirSync(dirname(marker), { recursive: true })
    writeFileSync(marker, `flotilla_${randomBytes(4).toString('hex')}\n`)
  }
  return readFileSync(marker, 'utf8').trim()
}
