import { memoryCache } from '@flotilla/host/cache'
import { serve } from '@flotilla/host/serve'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { uuidv7 } from 'uuidv7'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { sqliteStock } from './outbound/store.ts'

await serve(
  'inventory',
  () => readConfig(process.env),
  (config, given) => {
    const database = sqliteStock(openSqlite({ file: config.DATABASE_FILE }), given.clock)
    const app = createApp({ ...given, database, cache: memoryCache, newId: uuidv7 })
    return { app, close: () => database.store.close(), stats: database.stats }
  },
)
