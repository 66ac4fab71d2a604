import { readEnvironment } from '@flotilla/host/environment'
import { settings } from '@flotilla/host/settings'
import { z } from 'zod'

const Environment = z.object({
  ...settings,
  DATABASE_FILE: z
    .string()
    .meta({ description: 'the SQLite file of the inventory service, such as .flotilla/inventory.db' }),
})
export type Config = Readonly<z.output<typeof Environment>>

/** Reads the environment; throws `ConfigError` with every problem at once. */
export const readConfig = (env: NodeJS.ProcessEnv): Config => readEnvironment(Environment, env)
