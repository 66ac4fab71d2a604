import { randomBytes } from 'node:crypto'
import { openDatabase } from '@flotilla/store-azure-sql/connect'
import { withDatabase } from '@flotilla/store-azure-sql/connection-string'
import type { Connection, Database } from '@flotilla/store-azure-sql/database'
import { createDatabase, dropDatabase } from '@flotilla/store-azure-sql/local-server'
import { migrate } from '@flotilla/store-azure-sql/migrations'
import { createAzureSqlStore } from '@flotilla/store-azure-sql/store'
import { afterAll, beforeAll, describe } from 'vitest'
import { type Bed, type Parcel, parcels, replicasTest } from './replicas.ts'

const server = process.env.FLOTILLA_SQLSERVER ?? ''
const parcel = `CREATE TABLE parcel (
  [id] nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT parcel_id PRIMARY KEY CLUSTERED,
  [version] bigint NOT NULL,
  [body] nvarchar(max) NOT NULL
);`

describe.skipIf(!server)('on the server of FLOTILLA_SQLSERVER', () => {
  const name = `flotilla_test_${randomBytes(6).toString('hex')}`
  const connectionString = server && withDatabase(server, name)
  const pending = new Set<Promise<unknown>>()
  const open: { close(): Promise<void> }[] = []
  const databases: Database[] = []

  beforeAll(async () => {
    await createDatabase({ server, name })
    const own = await openDatabase({ connectionString })
    await migrate({ database: own })
    await own.run({ name: 'create table', sql: parcel })
    await own.close()
    for (let replica = 0; replica < 2; replica += 1)
      databases.push(await openDatabase({ connectionString, requestTimeout: 20_000 }))
  })

  afterAll(async () => {
    for (const store of open) await store.close()
    await dropDatabase({ server, name })
  })

  /** Told apart from one that still runs. */
  function noticed(database: Database): Database {
    const notice = <Result>(answer: Promise<Result>): Promise<Result> => {
      const settled: Promise<unknown> = answer.then(
        () => pending.delete(settled),
        () => pending.delete(settled),
      )
      pending.add(settled)
      return answer
    }
    return {
      ...database,
      run: (statement) => notice(database.run(statement)),
      transaction: <Result>(body: (connection: Connection) => Promise<Result>) => notice(database.transaction(body)),
      roundTrips: () => database.roundTrips(),
      close: () => database.close(),
    }
  }

  const bed: Bed = {
    open(clock) {
      const database = databases.shift()
      if (!database) throw new Error('there are two replicas')
      const store = createAzureSqlStore<Parcel>({ database: noticed(database), tables: [parcels], clock })
      open.push(store)
      return store
    },
    async answered() {
      while (pending.size > 0) {
        await Promise.all(pending)
        // What waited for the answers may ask again.
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }

  replicasTest(() => bed)
})
