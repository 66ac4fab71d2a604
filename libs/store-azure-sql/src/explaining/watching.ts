import type { Connection, Database, Found } from '../database.ts'
import { counted, counting } from './babelfish.ts'
import type { Explained, Step } from './explained.ts'
import { stepsOf } from './showplan.ts'

type Results = readonly (readonly Found[])[]

/** A statement that tells what it reads, and how that is told apart from its own results. */
interface Way {
  telling(sql: string): string
  told(results: Results): { readonly results: Results; readonly steps: readonly Step[] }
}

const planColumn = 'Microsoft SQL Server 2005 XML Showplan'
const isPlan = ([first]: readonly Found[]) => first !== undefined && planColumn in first

/** https://learn.microsoft.com/sql/t-sql/statements/set-statistics-xml-transact-sql */
const showplan: Way = {
  telling: (sql) => `SET STATISTICS XML ON;\n${sql}`,
  told(results) {
    const plans = results.filter(isPlan).flat()
    if (plans.length === 0) throw new Error('the server told no plan')
    return {
      results: results.filter((rows) => !isPlan(rows)),
      steps: plans.flatMap((row) => stepsOf(String(row[planColumn]))),
    }
  },
}

const babelfish: Way = { telling: counting, told: counted }

export interface Watched {
  readonly database: Database
  /** What was read for each statement, in the order in which they were answered. */
  readonly explained: readonly Explained[]
}

/** For tests: a database that is the same, but for telling what it reads. */
export async function watch(database: Database): Promise<Watched> {
  const [[version] = []] = await database.run({ name: 'read version', sql: 'SELECT @@VERSION AS [version];' })
  const way = String(version?.version).includes('Babelfish') ? babelfish : showplan
  const explained: Explained[] = []

  const watched = (connection: Connection): Connection => ({
    async run(statement) {
      const { name, sql } = statement
      const { results, steps } = way.told(await connection.run({ ...statement, sql: way.telling(sql) }))
      explained.push({ name, sql, steps })
      return results
    },
  })
  return {
    explained,
    database: {
      ...watched(database),
      transaction: (body) => database.transaction((connection) => body(watched(connection))),
      roundTrips: () => database.roundTrips(),
      close: () => database.close(),
    },
  }
}
