import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@flotilla/decider/clock'
import { type ContractRow, contractTables } from '@flotilla/decider/contract-domain'
import type { Subject } from '@flotilla/decider/contract-subject'
import type { HistoryEntry } from '@flotilla/decider/store'
import { openSqlite, query } from '../src/database.ts'
import { migrate } from '../src/migrations.ts'
import { createSqliteStore } from '../src/store.ts'

export const contractMigrations = join(import.meta.dirname, 'migrations')

export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-store-sqlite-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export function openStore(file: string, clock = systemClock, busyTimeout = 5_000) {
  const database = openSqlite({ file, busyTimeout })
  return { database, store: createSqliteStore<ContractRow>({ database, tables: contractTables, clock }) }
}

/** A migrated database in a file of its own. */
export async function makeSubject(): Promise<Subject & { file: string }> {
  const { folder, remove } = temporaryFolder()
  const file = join(folder, 'contract.db')
  migrate({ file, folders: { contract: contractMigrations } })
  const { database, store } = openStore(file)
  const stores = [store]
  return {
    file,
    store,
    async second() {
      const { store } = openStore(file)
      stores.push(store)
      return store
    },
    async history(home) {
      const reader = openSqlite({ file, readonly: true })
      try {
        return query<HistoryEntry>(
          reader,
          `SELECT home AS key, version, idx AS "index", at, type, body FROM history WHERE home = :home
           ORDER BY version, idx`,
        )
          .all({ home })
          .map((entry) => ({ ...entry }))
      } finally {
        reader.close()
      }
    },
    async break() {
      database.close()
    },
    async dispose() {
      for (const store of stores) await store.close()
      remove()
    },
  }
}
