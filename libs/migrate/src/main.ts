import { ConfigError } from '@flotilla/host/environment'
import { createLogger } from '@flotilla/telemetry/log'
import { readCommand, UsageError, usage } from './command.ts'
import { run } from './run.ts'

/**
 * `npm run migrate`: a job before the replicas of a release start, never a replica. Exit codes: 0 the database is migrated, 1 it is
 * not, 2 the command line or the environment is wrong.
 */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  const command = readCommand(args, process.env)
  const { LOG_LEVEL: level, SERVICE_VERSION: version } = command.config
  const logger = createLogger({ service: command.service, version, level })
  try {
    const applied = await run(command, (migration) => logger.info({ migration }, 'a migration is applied'))
    logger.info({ applied: applied.length }, 'the database is migrated')
    return 0
  } catch (error) {
    logger.error({ error }, 'the database is not migrated')
    return 1
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ConfigError)) throw error
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : `migrate: ${error.message}`)
  process.exitCode = 2
}
