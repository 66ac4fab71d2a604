import type { Applied } from '@flotilla/decider/migration-set'
import type { Connection, Database, Found, Statement } from '../src/database.ts'

type Row = Applied & { readonly set: string }

export interface FakeOptions {
  /** Called with each statement before it is answered; throws what the server would. */
  readonly onRun?: (statement: Statement) => void
  /** What sp_getapplock answers, instead of 0 when it is this one's turn. */
  readonly granted?: number
  readonly holders?: () => readonly Found[]
  /** The default schema of the login. */
  readonly schema?: string
}

/** As much of a server as the runner of migrations sees: a ledger, the lock, transactions that roll back. */
export function fakeDatabase({ onRun = () => {}, granted, holders = () => [], schema = 'dbo' }: FakeOptions = {}) {
  const statements: Statement[] = []
  const ledger: Row[] = []
  const kept: string[] = []
  let lock: Promise<void> = Promise.resolve()

  function answer(statement: Statement, pending: { rows: Row[]; sql: string[] }): readonly (readonly Found[])[] {
    statements.push(statement)
    onRun(statement)
    const { sql, values = {} } = statement
    if (sql.includes('INSERT INTO dbo.migration')) pending.rows.push(values as unknown as Row)
    else if (sql.includes('FROM dbo.migration')) return [ledger.filter(({ set }) => set === values.set)]
    else if (sql.includes('SCHEMA_NAME')) return [[{ schema }]]
    else if (sql.includes('dm_tran_locks')) return [holders()]
    else pending.sql.push(sql)
    return []
  }

  async function transaction<Result>(body: (connection: Connection) => Promise<Result>): Promise<Result> {
    const pending: { rows: Row[]; sql: string[] } = { rows: [], sql: [] }
    let unlock = () => {}
    const run = async (statement: Statement) => {
      if (!statement.sql.includes('sp_getapplock')) return answer(statement, pending)
      statements.push(statement)
      if (granted !== undefined) return [[{ granted }]]
      const before = lock
      lock = new Promise((resolve) => {
        unlock = resolve
      })
      await before
      return [[{ granted: 0 }]]
    }
    try {
      const result = await body({ run })
      ledger.push(...pending.rows)
      kept.push(...pending.sql)
      return result
    } finally {
      unlock()
    }
  }

  const database: Database = {
    run: async (statement) => answer(statement, { rows: [], sql: [] }),
    transaction,
    roundTrips: () => statements.length,
    close: async () => {},
  }
  return { database, statements, ledger, kept }
}
