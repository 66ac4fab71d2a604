import { readEnvironment } from '@flotilla/host/environment'
import { settings } from '@flotilla/host/settings'
import { z } from 'zod'

const Environment = z.object({
  ...settings,
  COSMOS_ENDPOINT: z.url().meta({ description: 'the Cosmos DB account, such as https://flotilla.documents.azure.com' }),
  COSMOS_KEY: z
    .string()
    .optional()
    .meta({ description: 'the key of a local stand-in or emulator; in Azure leave it out for workload identity' }),
  COSMOS_DATABASE: z.string().default('notification'),
  COSMOS_CONTAINER: z.string().default('notifications'),
  SMTP_URL: z.url().meta({ description: 'the mail server, such as smtps://mail.example.com:465, without credentials' }),
  SMTP_CREDENTIALS_FILE: z
    .string()
    .optional()
    .meta({ description: 'a file with user:password for the mail server; read again when it changes' }),
  MAIL_FROM: z.string().default('Flotilla <orders@flotilla.example>').meta({ description: 'the From header of mails' }),
  MAIL_DOMAIN: z.string().default('flotilla.example').meta({ description: 'the right-hand side of Message-IDs' }),
})
export type Config = Readonly<z.output<typeof Environment>>

/** Reads the environment; throws `ConfigError` with every problem at once. */
export const readConfig = (env: NodeJS.ProcessEnv): Config => readEnvironment(Environment, env)
