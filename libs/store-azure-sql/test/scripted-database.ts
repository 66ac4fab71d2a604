import type { Database, Found, Statement } from '../src/database.ts'
import { type ParameterRow, Rows } from '../src/rows.ts'

type Answer = readonly (readonly Found[])[] | Error

/** Answers each statement as the test says, and remembers what it was asked. `begin`, `commit` and `rollback` are remembered too. */
export function scriptedDatabase(answer: (statement: Statement, count: number) => Answer = () => []) {
  const asked: string[] = []
  const statements: Statement[] = []
  const run = async (statement: Statement) => {
    asked.push(statement.name)
    statements.push(statement)
    const given = answer(statement, asked.filter((name) => name === statement.name).length)
    if (given instanceof Error) throw given
    return given
  }
  const database: Database = {
    run,
    async transaction(body) {
      asked.push('begin')
      try {
        const result = await body({ run })
        asked.push('commit')
        return result
      } catch (error) {
        asked.push('rollback')
        throw error
      }
    },
    roundTrips: () => asked.length,
    async close() {
      asked.push('close')
    },
  }
  return { database, asked, statements }
}

/** The rows of one part of a statement's parameter. */
export function partOf(statement: Statement | undefined, part: string): readonly ParameterRow[] {
  const rows = statement?.values?.rows
  if (!(rows instanceof Rows)) throw new Error('the statement has no rows')
  return rows.all.filter((row) => row.part === part)
}
