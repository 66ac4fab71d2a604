import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@flotilla/decider/clock'
import type { Store } from '@flotilla/decider/store'
import type { Table } from '@flotilla/decider/table'
import type { Database } from '@flotilla/store-azure-sql/database'
import { createAzureSqlStore } from '@flotilla/store-azure-sql/store'
import { createSqliteStore } from '@flotilla/store-sqlite/store'
import type { Order } from '../domain/order.ts'
import type { ListedPrice } from '../domain/price.ts'
import { azureReads, type Reads, sqliteReads } from './reads.ts'
import { orderTable, priceTable } from './tables.ts'

/** Orders and prices at rest. The one place that knows where they live. */
export interface OrderDatabase {
  readonly system: 'sqlite' | 'microsoft.sql_server'
  /** Both kinds of rows are in one database; the kind of a key decides. */
  readonly store: Store<Order & ListedPrice>
  readonly reads: Reads
  readonly stats: () => object
}

const tables = [orderTable, priceTable] as unknown as readonly Table<Order & ListedPrice>[]

export function sqliteOrders(database: DatabaseSync, clock: Clock): OrderDatabase {
  const store = createSqliteStore({ database, tables, clock })
  return { system: 'sqlite', store, reads: sqliteReads(database), stats: () => store.stats() }
}

export function azureOrders(database: Database, clock: Clock): OrderDatabase {
  const store = createAzureSqlStore({ database, tables, clock })
  return { system: 'microsoft.sql_server', store, reads: azureReads(database), stats: () => store.stats() }
}
