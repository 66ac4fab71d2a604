/**
 * A process of its own that counts in a shared file. Arguments: file, counter, how often. Prints how far it is after each
 * answer.
 */
import { systemClock } from '@flotilla/decider/clock'
import { adding, type ContractRow, contractTables, counting } from '@flotilla/decider/contract-domain'
import { createHandler } from '@flotilla/decider/handler'
import { openSqlite } from '../src/database.ts'
import { createSqliteStore } from '../src/store.ts'

const [file = '', counter = '', times = ''] = process.argv.slice(2)
const store = createSqliteStore<ContractRow>({
  database: openSqlite({ file }),
  tables: contractTables,
  clock: systemClock,
})
const handle = createHandler(counting, store, { clock: systemClock })
for (let done = 1; done <= Number(times); done += 1) {
  const outcome = await handle(adding(counter))
  if (outcome.status !== 'accepted') throw new Error(outcome.status)
  process.stdout.write(`${done}\n`)
}
await store.close()
