import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@flotilla/decider/clock'
import type { Store } from '@flotilla/decider/store'
import type { Database } from '@flotilla/store-azure-sql/database'
import { readTable as readAzureTable } from '@flotilla/store-azure-sql/reads'
import { createAzureSqlStore } from '@flotilla/store-azure-sql/store'
import { readTable } from '@flotilla/store-sqlite/reads'
import { createSqliteStore } from '@flotilla/store-sqlite/store'
import { absent, type Payment } from '../domain/payment.ts'
import { paymentTable } from './tables.ts'

/** Payments at rest. The one place that knows where they live. */
export interface PaymentDatabase {
  readonly system: 'sqlite' | 'microsoft.sql_server'
  readonly store: Store<Payment>
  readonly find: (orderId: string) => Promise<Payment>
  readonly stats: () => object
}

export function sqlitePayments(database: DatabaseSync, clock: Clock): PaymentDatabase {
  const payments = readTable(database, paymentTable)
  const store = createSqliteStore({ database, tables: [paymentTable], clock })
  return {
    system: 'sqlite',
    store,
    stats: () => store.stats(),
    find: async (orderId) => payments.find(orderId) ?? absent,
  }
}

export function azurePayments(database: Database, clock: Clock): PaymentDatabase {
  const payments = readAzureTable(database, paymentTable)
  const store = createAzureSqlStore({ database, tables: [paymentTable], clock })
  return {
    system: 'microsoft.sql_server',
    store,
    stats: () => store.stats(),
    find: async (orderId) => (await payments.find(orderId)) ?? absent,
  }
}
