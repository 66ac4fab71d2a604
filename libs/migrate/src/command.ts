import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { databaseSettings, exactlyOneDatabase } from '@flotilla/host/database-setting'
import { readEnvironment } from '@flotilla/host/environment'
import { settings } from '@flotilla/host/settings'
import { z } from 'zod'

export const usage = `usage: npm run migrate -- SERVICE [--folder DIR] [--after-rollback]

  SERVICE           whose database, such as order: also the name of its set of migrations
  --folder DIR      its migrations, in a folder for each dialect, sqlite and azure-sql; default services/SERVICE/migrations, in an
                    image /app/migrations/SERVICE
  --after-rollback  the database may have migrations of a later release, which was rolled back

Which database is said by the environment, as for the service itself: DATABASE_CONNECTION_STRING or DATABASE_FILE.`

/** The command line is wrong; the message says how to mend it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const Environment = z.object({
  ...databaseSettings,
  LOG_LEVEL: settings.LOG_LEVEL,
  SERVICE_VERSION: settings.SERVICE_VERSION,
})

export type Dialect = 'sqlite' | 'azure-sql'

export interface MigrateCommand {
  readonly service: string
  /** Where the `NNN_name.sql` of a dialect are: its own, and the technical tables (`store`) where their store does not know. */
  readonly foldersOf: (dialect: Dialect) => Readonly<Record<string, string>>
  readonly mayBeAhead: boolean
  readonly config: Readonly<z.output<typeof Environment>>
}

/**
 * Throws `UsageError` for the command line, `ConfigError` for the environment. `program` is the folder of the program: an image has all
 * migrations beside it, the repository has them where whose they are is.
 */
export function readCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  program: string = import.meta.dirname,
): MigrateCommand {
  const { values, positionals } = parse(args)
  const [service, ...more] = positionals
  if (service === undefined) throw new UsageError('whose database? name a service, such as order')
  if (more.length > 0) throw new UsageError(`one service at a time: ${more.join(' ')} is too much`)
  if (!/^[a-z][a-z0-9-]*$/.test(service))
    throw new UsageError(`${JSON.stringify(service)} is no service: small letters, digits and hyphens, such as order`)
  if (service === 'store') throw new UsageError('store is the set of the technical tables: they come with each service')
  const image = join(program, 'migrations')
  const isImage = existsSync(image)
  const own = isImage ? join(image, service) : resolve(program, '../../../services', service, 'migrations')
  const folder = values.folder === undefined ? own : resolve(values.folder)
  return {
    service,
    foldersOf: (dialect) => ({
      ...(isImage && { store: join(image, 'store', dialect) }),
      [service]: join(folder, dialect),
    }),
    mayBeAhead: values['after-rollback'] ?? false,
    config: exactlyOneDatabase(readEnvironment(Environment, environment)),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { folder: { type: 'string' }, 'after-rollback': { type: 'boolean' } },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}
