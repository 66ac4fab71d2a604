import type { DatabaseSync } from 'node:sqlite'
import { asFailure } from './failure.ts'

export interface Transactions {
  /**
   * Runs something under the write lock. `wrote` says whether there is anything to commit; without, no flush is spent.
   * Whatever is thrown undoes all of it; the database's own failures are thrown as `asFailure` has them.
   */
  run<Result>(body: () => { readonly result: Result; readonly wrote: boolean }): Result
  /** Those that wrote something, and so were flushed. */
  commits(): number
}

export function createTransactions(database: DatabaseSync): Transactions {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')
  let commits = 0

  return {
    run(body) {
      try {
        begin.run()
        const { result, wrote } = body()
        if (wrote) {
          commit.run()
          commits += 1
        } else rollback.run()
        return result
      } catch (error) {
        if (database.isOpen && database.isTransaction) rollback.run()
        throw asFailure(error)
      }
    },
    commits: () => commits,
  }
}
