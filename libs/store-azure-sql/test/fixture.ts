import { join } from 'node:path'
import { systemClock } from '@flotilla/decider/clock'
import { type ContractRow, contractTables } from '@flotilla/decider/contract-domain'
import type { Subject } from '@flotilla/decider/contract-subject'
import type { HistoryEntry } from '@flotilla/decider/store'
import { openDatabase } from '../src/connect.ts'
import { migrate } from '../src/migrations.ts'
import { createAzureSqlStore } from '../src/store.ts'
import { testDatabase } from './server.ts'

export const contractMigrations = join(import.meta.dirname, 'migrations')

export interface ContractDatabase {
  readonly connectionString: string
  /** A store over it, empty. */
  subject(): Promise<Subject>
  drop(): Promise<void>
}

/** One migrated database for a test file: it is emptied for each test, because making one takes a second. */
export async function contractDatabase(): Promise<ContractDatabase> {
  const { connectionString, drop } = await testDatabase()
  // A slow machine is no fault.
  const open = () => openDatabase({ connectionString, requestTimeout: 20_000 })
  const own = await open()
  await migrate({ database: own, folders: { contract: contractMigrations } })
  const tables = [
    'inbox',
    'idempotency_key',
    'history',
    'outbox',
    'due_work',
    ...contractTables.map(({ name }) => name),
  ]
  const emptied = { name: 'empty', sql: tables.map((table) => `DELETE FROM ${table};`).join('\n') }

  async function subject(): Promise<Subject> {
    await own.run(emptied)
    const make = async () => {
      const database = await open()
      const store = createAzureSqlStore<ContractRow>({ database, tables: contractTables, clock: systemClock })
      return { database, store }
    }
    const { database, store } = await make()
    const stores = [store]
    return {
      store,
      async second() {
        const { store } = await make()
        stores.push(store)
        return store
      },
      async history(home) {
        const sql = 'SELECT * FROM history WHERE home = @home ORDER BY version, idx'
        const [found = []] = await own.run({ name: 'read history', sql, values: { home } })
        return found.map(({ home, version, idx, at, type, body }) => {
          return { key: home, version, index: idx, at, type, body } as HistoryEntry
        })
      },
      break: () => database.close(),
      async dispose() {
        for (const store of stores) await store.close()
      },
    }
  }

  return {
    connectionString,
    subject,
    async drop() {
      await own.close()
      await drop()
    },
  }
}
