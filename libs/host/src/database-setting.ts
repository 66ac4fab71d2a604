import { readConnectionString } from '@flotilla/store-azure-sql/connection-string'
import { z } from 'zod'
import { ConfigError } from './environment.ts'

/** Where a service that speaks SQL keeps its rows, one of two; for `readEnvironment` and `exactlyOneDatabase`. */
export const databaseSettings = {
  DATABASE_FILE: z.string().optional().meta({
    description: 'the SQLite file of the service, such as .flotilla/order.db; in Azure DATABASE_CONNECTION_STRING',
  }),
  DATABASE_CONNECTION_STRING: z.string().superRefine(readable).optional().meta({
    description: 'the database on Azure SQL or SQL Server, such as Server=flotilla.database.windows.net;Database=order',
  }),
} as const

const DatabaseSettings = z.object(databaseSettings)
export type DatabaseSettings = Readonly<z.output<typeof DatabaseSettings>>

/** Repeats no value: one may be a password. */
function readable(connectionString: string, context: z.core.$RefinementCtx<string>): void {
  try {
    readConnectionString(connectionString)
  } catch (error) {
    context.addIssue(`cannot be used: ${(error as Error).message}`)
  }
}

/** Gives back a configuration that names one database. Throws `ConfigError` when it names none or two. */
export function exactlyOneDatabase<Config extends DatabaseSettings>(config: Config): Config {
  if ((config.DATABASE_FILE === undefined) !== (config.DATABASE_CONNECTION_STRING === undefined)) return config
  throw new ConfigError([
    'set exactly one of DATABASE_CONNECTION_STRING (Azure SQL or SQL Server) and DATABASE_FILE (a SQLite file)',
  ])
}
