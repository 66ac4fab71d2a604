import { memoryCache } from '@flotilla/host/cache'
import { serve } from '@flotilla/host/serve'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { uuidv7 } from 'uuidv7'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { sqliteOrders } from './outbound/store.ts'

await serve(
  'order',
  () => readConfig(process.env),
  (config, given) => {
    const sqlite = openSqlite({ file: config.DATABASE_FILE })
    const database = sqliteOrders(sqlite, given.clock)
    const deadlineAfter = config.ORDER_DEADLINE_SECONDS * 1000
    const app = createApp({ ...given, database, cache: memoryCache, newId: uuidv7, deadlineAfter })
    return { app, close: () => database.store.close(), stats: database.stats }
  },
)
