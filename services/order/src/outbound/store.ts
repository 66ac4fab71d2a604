import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@flotilla/decider/clock'
import type { Store } from '@flotilla/decider/store'
import type { Table } from '@flotilla/decider/table'
import { createSqliteStore } from '@flotilla/store-sqlite/store'
import type { Order } from '../domain/order.ts'
import type { ListedPrice } from '../domain/price.ts'
import { type Reads, sqliteReads } from './reads.ts'
import { orderTable, priceTable } from './tables.ts'

/** Orders and prices at rest. The one place that knows where they live. */
export interface OrderDatabase {
  readonly system: 'sqlite'
  /** Both kinds of rows are in one database; the kind of a key decides. */
  readonly store: Store<Order & ListedPrice>
  readonly reads: Reads
  readonly stats: () => object
}

export function sqliteOrders(database: DatabaseSync, clock: Clock): OrderDatabase {
  const tables = [orderTable, priceTable] as unknown as readonly Table<Order & ListedPrice>[]
  const store = createSqliteStore({ database, tables, clock })
  return { system: 'sqlite', store, reads: sqliteReads(database), stats: () => store.stats() }
}
