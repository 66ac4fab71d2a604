import { randomBytes } from 'node:crypto'
import { openDatabase } from '../connect.ts'
import { withDatabase } from '../connection-string.ts'
import type { Database } from '../database.ts'
import { createDatabase, dropDatabase } from '../local-server.ts'
import { migrate } from '../migrations.ts'
import type { Explained, Index } from './explained.ts'
import { multiply } from './multiplying.ts'
import { watch } from './watching.ts'

export interface PlansOptions {
  /** Connection string of a local server, without a database. */
  readonly server: string
  /** Folder of each set of migrations, by the set's name. */
  readonly folders: Readonly<Record<string, string>>
  /** Sends every statement that there is, and leaves a few rows in each table; is called twice. */
  readonly exercise: (database: Database) => Promise<void>
}

export interface Plans {
  readonly explained: readonly Explained[]
  readonly indexes: readonly Index[]
}

/** How many times the rows of a first exercise are there in the second. */
const times = 2_000

/** For tests: how a server answers statements over large tables, in a database of its own. */
export async function plansOf({ server, folders, exercise }: PlansOptions): Promise<Plans> {
  const name = `flotilla_plans_${randomBytes(6).toString('hex')}`
  await createDatabase({ server, name })
  const database = await openDatabase({ connectionString: withDatabase(server, name), requestTimeout: 60_000 })
  try {
    await migrate({ database, folders })
    await exercise(database)
    await multiply(database, times)
    const watched = await watch(database)
    await exercise(watched.database)
    return { explained: watched.explained, indexes: await indexesOf(database) }
  } finally {
    await database.close()
    await dropDatabase({ server, name })
  }
}

/** The ledger of migrations aside. */
async function indexesOf(database: Database): Promise<Index[]> {
  const sql = `SELECT t.name AS [table], i.name FROM sys.indexes AS i INNER JOIN sys.tables AS t ON t.object_id = i.object_id
WHERE t.is_ms_shipped = 0 AND i.type > 0 AND t.name <> N'migration' ORDER BY t.name, i.name;`
  const [found = []] = await database.run({ name: 'list indexes', sql })
  return found.map(({ table, name }) => ({ table: table as string, name: name as string }))
}
