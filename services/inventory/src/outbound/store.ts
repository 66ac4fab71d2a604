import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@flotilla/decider/clock'
import type { Store } from '@flotilla/decider/store'
import type { Database } from '@flotilla/store-azure-sql/database'
import { readTable as readAzureTable } from '@flotilla/store-azure-sql/reads'
import { createAzureSqlStore } from '@flotilla/store-azure-sql/store'
import { readTable } from '@flotilla/store-sqlite/reads'
import { createSqliteStore } from '@flotilla/store-sqlite/store'
import type { StockRow } from '../domain/scope.ts'
import type { Item, Receipt } from '../domain/stock.ts'
import { itemTable, receiptTable, stockTables } from './tables.ts'

export interface Reads {
  item(sku: string): Promise<Item | undefined>
  items(after: string, limit: number): Promise<readonly Item[]>
  receipt(receiptId: string): Promise<Receipt | undefined>
}

/** The stock at rest. The one place that knows where it lives. */
export interface StockDatabase {
  readonly system: 'sqlite' | 'microsoft.sql_server'
  readonly store: Store<StockRow>
  readonly reads: Reads
  readonly stats: () => object
}

export function sqliteStock(database: DatabaseSync, clock: Clock): StockDatabase {
  const items = readTable(database, itemTable)
  const receipts = readTable(database, receiptTable)
  const page = items.select('WHERE id > :after ORDER BY id LIMIT :limit')
  const store = createSqliteStore({ database, tables: stockTables, clock })
  return {
    system: 'sqlite',
    store,
    stats: () => store.stats(),
    reads: {
      item: async (sku) => items.find(sku),
      items: async (after, limit) => page({ after, limit }),
      receipt: async (receiptId) => receipts.find(receiptId),
    },
  }
}

export function azureStock(database: Database, clock: Clock): StockDatabase {
  const items = readAzureTable(database, itemTable)
  const receipts = readAzureTable(database, receiptTable)
  const page = items.select('list items', { top: '@limit', clauses: 'WHERE id > @after ORDER BY id' })
  const store = createAzureSqlStore({ database, tables: stockTables, clock })
  return {
    system: 'microsoft.sql_server',
    store,
    stats: () => store.stats(),
    reads: {
      item: (sku) => items.find(sku),
      items: (after, limit) => page({ after, limit }),
      receipt: (receiptId) => receipts.find(receiptId),
    },
  }
}
