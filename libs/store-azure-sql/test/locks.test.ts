import { systemClock } from '@flotilla/decider/clock'
import {
  accountKey,
  type ContractRow,
  contractTables,
  counterChange,
  dueWork,
  newCounter,
  transferKey,
} from '@flotilla/decider/contract-domain'
import { idOf } from '@flotilla/decider/decider'
import { uuidToBlob } from '@flotilla/decider/uuid'
import { uuidv7 } from 'uuidv7'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../src/connect.ts'
import type { Connection, Database } from '../src/database.ts'
import { claimWork } from '../src/leases.ts'
import { loadingOf } from '../src/loading.ts'
import { createAzureSqlStore } from '../src/store.ts'
import { createTables } from '../src/tables.ts'
import { type ContractDatabase, contractDatabase } from './fixture.ts'
import { sqlServer } from './server.ts'

/** What only a server shows that honours UPDLOCK and READPAST; one that ignores them is told from it, and skipped by name. */
describe.skipIf(!sqlServer)('locks, on the server of FLOTILLA_SQLSERVER', () => {
  let contract: ContractDatabase | undefined
  let honours = false

  beforeAll(async () => {
    contract = await contractDatabase()
    const [one, other] = [await open(), await open()]
    honours = await honoursLocks(one, other)
    await Promise.all([one.close(), other.close()])
  })
  afterAll(() => contract?.drop())
  beforeEach(({ skip }) => {
    if (!honours) skip('this server ignores lock hints')
  })

  const open = () => openDatabase({ connectionString: contract?.connectionString ?? '', requestTimeout: 20_000 })

  async function replica() {
    const database = await open()
    const store = createAzureSqlStore<ContractRow>({ database, tables: contractTables, clock: systemClock })
    onTestFinished(() => store.close())
    return { database, store }
  }

  test('who wants a row that many change waits for who has it, and decides once, on what that left', async () => {
    const [first, second] = [await replica(), await replica()]
    const account = accountKey(`hot-${uuidv7()}`)
    const rows = [{ key: account, state: { balance: 1 }, expected: 0, version: 1 }]
    await first.store.transact({ keys: [account], causes: [] }, () => [counterChange(account, { rows })])
    const { statement } = loadingOf(createTables<ContractRow>(contractTables), { keys: [account], causes: [] }, true)
    if (!statement) throw new Error('there is nothing to load')
    const seen: number[] = []
    let waiting: Promise<unknown> = Promise.resolve()
    await first.database.transaction(async (connection) => {
      await connection.run(statement)
      waiting = second.store.transact({ keys: [account], causes: [] }, (loaded) => {
        const { state, version } = loaded.rows.get(account) as { state: { balance: number }; version: number }
        seen.push(state.balance)
        const next = { balance: state.balance + 1 }
        return [
          counterChange(account, {
            expected: version,
            rows: [{ key: account, state: next, expected: version, version: version + 1 }],
          }),
        ]
      })
      await untilSent(second.database, 2, connection)
      await connection.run({ name: 'change', sql: 'UPDATE account SET balance = 40, version = version + 1;' })
    })
    await waiting
    expect(seen).toEqual([40])
  })

  test('a row that comes into being while another waits for what it names is not decided on without the rest of that', async () => {
    const [first, second] = [await replica(), await replica()]
    const run = uuidv7()
    const [from, to, transfer] = [accountKey(`from-${run}`), accountKey(`to-${run}`), transferKey(uuidv7())]
    const rows = [from, to].map((key) => ({ key, state: { balance: 10 }, expected: 0, version: 1 }))
    await first.store.transact({ keys: [from, to], causes: [] }, () => [counterChange(from, { rows })])
    // Its statement is compiled by now.
    await second.store.transact({ keys: [to, transfer], causes: [] }, () => [])
    const sent = second.database.roundTrips()
    const seen: string[][] = []
    let waiting: Promise<unknown> = Promise.resolve()
    await first.database.transaction(async (connection) => {
      const lock = 'SELECT id FROM account WITH (UPDLOCK, ROWLOCK) WHERE id = @id;'
      await connection.run({ name: 'lock', sql: lock, values: { id: idOf(to) } })
      waiting = second.store.transact({ keys: [to, transfer], causes: [] }, (loaded) => {
        const decided = seen.length === 0 && !loaded.rows.has(transfer)
        seen.push([...loaded.rows.keys()].sort())
        // As a cancellation that overtakes its placement: it leaves a mark under the same id.
        const state = { from: idOf(from), to: idOf(to), amount: 1, undone: true }
        const expected = loaded.rows.get(transfer)?.version ?? 0
        return decided || expected > 0
          ? [counterChange(transfer, { expected, rows: [{ key: transfer, state, expected, version: expected + 1 }] })]
          : []
      })
      await untilSent(second.database, sent + 2, connection)
      const body = JSON.stringify({ from: idOf(from), to: idOf(to), amount: 1, undone: false })
      const values = { id: uuidToBlob(idOf(transfer)), body }
      await connection.run({
        name: 'insert',
        sql: 'INSERT INTO transfer (id, version, body) VALUES (@id, 1, @body);',
        values,
      })
    })
    await waiting
    expect(seen.at(-1)).toEqual([from, to, transfer].sort())
  })

  test('a sweeper passes by what another is claiming, and does not wait for it', async () => {
    const [first, second] = [await replica(), await replica()]
    const now = Date.now()
    const keys = [newCounter(), newCounter(), newCounter()]
    const changes = keys.map((key, index) => counterChange(key, { schedule: [dueWork(key, now - 10 + index)] }))
    await first.store.transact({ keys, causes: [] }, () => changes)
    await first.database.transaction(async (connection) => {
      const [mine = []] = await connection.run(claimWork(now, now + 60_000, 2))
      const others = await second.store.claimWork(now, now + 60_000, 10)
      expect(mine.map(({ id }) => id)).toEqual(keys.slice(0, 2).map((key) => dueWork(key, 0).id))
      expect(others.map(({ id }) => id)).toEqual([dueWork(keys[2] as string, 0).id])
    })
  })
})

/** Resolves when a database has sent so many requests, and had time to have the last one answered if nothing held it up. */
async function untilSent(database: Database, count: number, connection: Connection) {
  const ask = () => connection.run({ name: 'ask', sql: 'SELECT 1 AS [one];' })
  while (database.roundTrips() < count) await ask()
  for (let asked = 0; asked < 50; asked += 1) await ask()
}

/** Whether a row that one connection has under an update lock is passed by for another. */
async function honoursLocks(one: Database, other: Database): Promise<boolean> {
  const id = `probe-${uuidv7()}`
  await one.run({ name: 'insert', sql: 'INSERT INTO account VALUES (@id, 1, 1);', values: { id } })
  return one.transaction(async (connection) => {
    const read = (hints: string) => ({
      name: 'probe',
      sql: `SELECT id FROM account WITH (${hints}) WHERE id = @id;`,
      values: { id },
    })
    await connection.run(read('UPDLOCK, ROWLOCK'))
    const [found = []] = await other.run(read('UPDLOCK, READPAST'))
    return found.length === 0
  })
}
