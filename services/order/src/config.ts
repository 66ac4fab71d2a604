import { databaseSettings, exactlyOneDatabase } from '@flotilla/host/database-setting'
import { readEnvironment } from '@flotilla/host/environment'
import { settings } from '@flotilla/host/settings'
import { z } from 'zod'

const Environment = z.object({
  ...settings,
  ...databaseSettings,
  ORDER_DEADLINE_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(600)
    .meta({ description: 'from placement to deadline, in seconds' }),
})
export type Config = Readonly<z.output<typeof Environment>>

/** Reads the environment; throws `ConfigError` with every problem at once. */
export const readConfig = (env: NodeJS.ProcessEnv): Config => exactlyOneDatabase(readEnvironment(Environment, env))
