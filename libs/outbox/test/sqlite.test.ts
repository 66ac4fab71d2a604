import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { migrate } from '@flotilla/store-sqlite/migrations'
import { createSqliteStore } from '@flotilla/store-sqlite/store'
import { afterEach, beforeEach, describe } from 'vitest'
import { type Bed, type Parcel, parcels, replicasTest } from './replicas.ts'

describe('on SQLite', () => {
  let folder: string
  let file: string
  const open: { close(): Promise<void> }[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outbox-'))
    file = join(folder, 'service.db')
    migrate({ file })
    const database = openSqlite({ file })
    database.exec('CREATE TABLE parcel (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) STRICT')
    database.close()
  })

  afterEach(async () => {
    for (const store of open.splice(0)) await store.close()
    await rm(folder, { recursive: true })
  })

  const bed: Bed = {
    open(clock) {
      const store = createSqliteStore<Parcel>({ database: openSqlite({ file }), tables: [parcels], clock })
      open.push(store)
      return store
    },
    // It has answered when a call returns.
    answered: async () => {},
  }

  replicasTest(() => bed)
})
