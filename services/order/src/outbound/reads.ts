import type { DatabaseSync } from 'node:sqlite'
import { uuidToBlob } from '@flotilla/decider/uuid'
import type { Database } from '@flotilla/store-azure-sql/database'
import { readTable as readAzureTable } from '@flotilla/store-azure-sql/reads'
import { query } from '@flotilla/store-sqlite/database'
import { readTable } from '@flotilla/store-sqlite/reads'
import type { KnownOrder, OrderEvent } from '../domain/order.ts'
import type { ListedPrice } from '../domain/price.ts'
import { orderKey, orderTable, priceTable } from './tables.ts'

/** What is read of orders besides deciding on them. Times are milliseconds since the epoch. */
export interface Reads {
  find(orderId: string): Promise<KnownOrder | undefined>
  list(
    customer: string,
    before: { readonly createdAt: number; readonly orderId: string } | undefined,
    limit: number,
  ): Promise<readonly KnownOrder[]>
  timeline(orderId: string): Promise<readonly { readonly at: number; readonly event: OrderEvent }[]>
  price(sku: string): Promise<ListedPrice | undefined>
}

/** The reads on SQLite. */
export function sqliteReads(database: DatabaseSync): Reads {
  const orders = readTable(database, orderTable)
  const prices = readTable(database, priceTable)
  const newest = orders.select('WHERE customer = :customer ORDER BY created_at DESC, id DESC LIMIT :limit')
  const older = orders.select(
    'WHERE customer = :customer AND (created_at, id) < (:createdAt, :id) ORDER BY created_at DESC, id DESC LIMIT :limit',
  )
  const history = query<{ at: number; body: string }>(
    database,
    'SELECT at, body FROM history WHERE home = :home ORDER BY version, idx',
  )
  return {
    find: async (orderId) => orders.find(orderId) as KnownOrder | undefined,
    async list(customer, before, limit) {
      if (!before) return newest({ customer, limit }) as KnownOrder[]
      const { createdAt, orderId } = before
      return older({ customer, createdAt, id: uuidToBlob(orderId), limit }) as KnownOrder[]
    },
    async timeline(orderId) {
      return history.all({ home: orderKey(orderId) }).map(({ at, body }) => ({ at, event: JSON.parse(body) }))
    },
    price: async (sku) => prices.find(sku),
  }
}

/** The reads on Azure SQL. */
export function azureReads(database: Database): Reads {
  const orders = readAzureTable(database, orderTable)
  const prices = readAzureTable(database, priceTable)
  const top = '@limit'
  const newest = orders.select('list orders', {
    top,
    clauses: 'WHERE customer = @customer ORDER BY created_at DESC, id DESC',
  })
  // The first condition bounds the stretch of the index, the second its first few rows.
  const older = orders.select('list orders', {
    top,
    clauses: `WHERE customer = @customer AND created_at <= @createdAt AND (created_at < @createdAt OR id < @id)
      ORDER BY created_at DESC, id DESC`,
  })
  return {
    find: async (orderId) => (await orders.find(orderId)) as KnownOrder | undefined,
    async list(customer, before, limit) {
      if (!before) return (await newest({ customer, limit })) as KnownOrder[]
      const { createdAt, orderId } = before
      return (await older({ customer, createdAt, id: uuidToBlob(orderId), limit })) as KnownOrder[]
    },
    async timeline(orderId) {
      const [entries = []] = await database.run({
        name: 'read timeline',
        sql: 'SELECT at, body FROM history WHERE home = @home ORDER BY version, idx',
        values: { home: orderKey(orderId) },
      })
      return entries.map(({ at, body }) => ({ at: at as number, event: JSON.parse(body as string) }))
    },
    price: (sku) => prices.find(sku),
  }
}
