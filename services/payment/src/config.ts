import { databaseSettings, exactlyOneDatabase } from '@flotilla/host/database-setting'
import { readEnvironment } from '@flotilla/host/environment'
import { settings } from '@flotilla/host/settings'
import { z } from 'zod'

const Environment = z.object({
  ...settings,
  ...databaseSettings,
  CARD_PROCESSOR_URL: z
    .url()
    .default('https://api.stripe.com')
    .meta({ description: 'the card processor, such as https://api.stripe.com' }),
  CARD_PROCESSOR_KEY_FILE: z
    .string()
    .meta({ description: 'a file with the secret key of the card processor; read again when it changes' }),
})
export type Config = Readonly<z.output<typeof Environment>>

/** Reads the environment; throws `ConfigError` with every problem at once. */
export const readConfig = (env: NodeJS.ProcessEnv): Config => exactlyOneDatabase(readEnvironment(Environment, env))
