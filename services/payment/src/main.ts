import { Unavailable } from '@flotilla/decider/store'
import { dependency } from '@flotilla/host/dependency'
import { watchedSecret } from '@flotilla/host/secret'
import { serve } from '@flotilla/host/serve'
import { openSqlDatabase } from '@flotilla/host/sql-database'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { stripeProcessor } from './outbound/card-processor.ts'
import { azurePayments, sqlitePayments } from './outbound/store.ts'
import { stripeClient } from './outbound/stripe-client.ts'

/** A call of the card processor, in milliseconds; a worker makes three at most within its own time-out. */
const timeout = 6_000

/** A declined card or a refused request is an answer. */
const isFault = (error: unknown) => error instanceof Unavailable

await serve(
  'payment',
  () => readConfig(process.env),
  async (config, given) => {
    const { database, dependencies } = await openSqlDatabase(config, given, {
      sqlite: sqlitePayments,
      azureSql: azurePayments,
    })
    const secret = watchedSecret('CARD_PROCESSOR_KEY_FILE', config.CARD_PROCESSOR_KEY_FILE, given.logger)
    const cards = dependency({ name: 'card-processor', timeoutMs: timeout + 500, isFault, logger: given.logger })
    const client = stripeClient({ url: config.CARD_PROCESSOR_URL, key: secret.value, timeout })
    const processor = stripeProcessor(client, (run) => cards.call(run, { once: true }))
    const app = createApp({ ...given, database, processor, dependencies: [...dependencies, cards] })
    return {
      app,
      stats: database.stats,
      async close() {
        secret.close()
        await database.store.close()
      },
    }
  },
)
