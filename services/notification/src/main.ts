import { Unavailable } from '@flotilla/decider/store'
import { azureCredential } from '@flotilla/host/credential'
import { dependency } from '@flotilla/host/dependency'
import { watchedSecret } from '@flotilla/host/secret'
import { serve } from '@flotilla/host/serve'
import { createCosmosClient } from '@flotilla/store-cosmos/client'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { type Mailer, smtpMailer } from './outbound/mail.ts'
import { smtpTransport } from './outbound/smtp.ts'
import { cosmosNotifications } from './outbound/store.ts'

/** A mail that is refused or put off is an answer. */
const isFault = (error: unknown) =>
  error instanceof Unavailable || (error instanceof Error && error.cause instanceof Unavailable)

await serve(
  'notification',
  () => readConfig(process.env),
  async (config, given) => {
    const client = await createCosmosClient({
      endpoint: config.COSMOS_ENDPOINT,
      ...(config.COSMOS_KEY === undefined ? { credential: await azureCredential() } : { key: config.COSMOS_KEY }),
    })
    const container = client.database(config.COSMOS_DATABASE).container(config.COSMOS_CONTAINER)
    const cosmos = dependency({ name: 'cosmos', timeoutMs: 6_000, logger: given.logger })
    const database = cosmosNotifications(container, given.clock, (run) => cosmos.call(run, { once: true }))
    const credentials =
      config.SMTP_CREDENTIALS_FILE === undefined
        ? undefined
        : watchedSecret('SMTP_CREDENTIALS_FILE', config.SMTP_CREDENTIALS_FILE, given.logger)
    const transport = smtpTransport({ url: config.SMTP_URL, ...(credentials && { credentials: credentials.value }) })
    const smtp = dependency({ name: 'smtp', timeoutMs: 15_000, isFault, logger: given.logger })
    const send = smtpMailer(transport.current, config.MAIL_FROM)
    const mailer: Mailer = (...mail) => smtp.call(() => send(...mail), { once: true })
    const app = createApp({ ...given, database, mailer, mailDomain: config.MAIL_DOMAIN, dependencies: [cosmos, smtp] })
    return {
      app,
      stats: database.stats,
      async close() {
        credentials?.close()
        transport.close()
        await database.store.close()
        client.dispose()
      },
    }
  },
)
