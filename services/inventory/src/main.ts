import { memoryCache } from '@flotilla/host/cache'
import { serve } from '@flotilla/host/serve'
import { openSqlDatabase } from '@flotilla/host/sql-database'
import { uuidv7 } from 'uuidv7'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { azureStock, sqliteStock } from './outbound/store.ts'

await serve(
  'inventory',
  () => readConfig(process.env),
  async (config, given) => {
    const { database, dependencies } = await openSqlDatabase(config, given, {
      sqlite: sqliteStock,
      azureSql: azureStock,
    })
    const app = createApp({ ...given, database, dependencies, cache: memoryCache, newId: uuidv7 })
    return { app, close: () => database.store.close(), stats: database.stats }
  },
)
