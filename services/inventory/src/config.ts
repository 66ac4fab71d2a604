import { databaseSettings, exactlyOneDatabase } from '@flotilla/host/database-setting'
import { readEnvironment } from '@flotilla/host/environment'
import { settings } from '@flotilla/host/settings'
import { z } from 'zod'

const Environment = z.object({
  ...settings,
  ...databaseSettings,
})
export type Config = Readonly<z.output<typeof Environment>>

/** Reads the environment; throws `ConfigError` with every problem at once. */
export const readConfig = (env: NodeJS.ProcessEnv): Config => exactlyOneDatabase(readEnvironment(Environment, env))
