import {
  type ContractRow,
  contractTables,
  counterChange,
  messageCause,
  newCounter,
} from '@flotilla/decider/contract-domain'
import { ManualClock } from '@flotilla/decider/manual-clock'
import { Unavailable } from '@flotilla/decider/store'
import { expect, test } from 'vitest'
import type { Statement } from '../src/database.ts'
import { createAzureSqlStore } from '../src/store.ts'
import { partOf, scriptedDatabase } from './scripted-database.ts'

function started(answer?: Parameters<typeof scriptedDatabase>[0]) {
  const clock = new ManualClock()
  const scripted = scriptedDatabase(answer)
  const store = createAzureSqlStore<ContractRow>({ database: scripted.database, tables: contractTables, clock })
  const save = () => store.transact({ keys: [], causes: [] }, () => [counterChange(newCounter())])
  return { clock, ...scripted, store, save }
}

const idsIn = (statement: Statement | undefined, part: string) => partOf(statement, part).map(({ cells }) => cells.k1)

const away = () => new Unavailable('the database is away')

test('outbox rows that the broker has go with the next save, and cost no trip of their own', async () => {
  const { store, save, asked, statements, clock } = started()
  await store.forget(['b', 'a'])
  await save()
  expect(idsIn(statements[0], 'forgotten')).toEqual(['a', 'b'])
  await clock.pass(1_000)
  expect(asked).toEqual(['save'])
  expect(store.stats().forgotten).toBe(2)
})

test('without a save they go by themselves, after a short while', async () => {
  const { store, clock, asked, statements } = started()
  await store.forget(['a'])
  await clock.pass(49)
  expect(asked).toEqual([])
  await clock.pass(1)
  expect(asked).toEqual(['forget outbox'])
  expect(idsIn(statements[0], 'forgotten')).toEqual(['a'])
})

test('those that could not be deleted are tried again, with a save or alone', async () => {
  let isAway = true
  const { store, save, clock, asked, statements } = started(() => (isAway ? away() : []))
  await store.forget(['a'])
  await clock.pass(50)
  await expect(save()).rejects.toThrow(Unavailable)
  expect(store.stats().forgotten).toBe(0)
  isAway = false
  await clock.pass(400)
  expect(asked).toEqual(['forget outbox', 'save', 'forget outbox'])
  expect(idsIn(statements[2], 'forgotten')).toEqual(['a'])
  expect(store.stats().forgotten).toBe(1)
})

test('while the database is away they are tried ever more seldom', async () => {
  const { store, clock, asked } = started(() => away())
  await store.forget(['a'])
  await clock.pass(60_000)
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.length).toBeLessThan(25)
  await store.close()
  const before = asked.length
  await clock.pass(60_000)
  expect(asked).toHaveLength(before)
})

test('two saves at once take different rows with them, and what one could not delete goes with another', async () => {
  const { store, statements, clock } = started()
  await store.forget(['a', 'b'])
  const change = () => counterChange(newCounter())
  const saves = [0, 1].map(() => store.transact({ keys: [], causes: [] }, () => [change()]))
  await Promise.all(saves)
  await clock.pass(1_000)
  expect(statements.map((statement) => idsIn(statement, 'forgotten'))).toEqual([['a', 'b'], []])
})

test('what the broker has is not claimed again', async () => {
  const { store, asked } = started()
  await store.forget(['a'])
  await store.claimOutbox(0, 1, 10)
  expect(asked).toEqual(['forget outbox', 'claim outbox'])
})

test('work that is put back in one turn is one statement, and fails for all', async () => {
  let isAway = false
  const { store, clock, asked, statements } = started(() => (isAway ? away() : []))
  const put = () => ['b', 'a'].map((id) => store.postpone({ id, visibleAt: 1 }, 2, 3))
  const done = Promise.all(put())
  await clock.settle()
  await done
  expect(asked).toEqual(['postpone work'])
  expect(idsIn(statements[0], 'postponed')).toEqual(['a', 'b'])
  isAway = true
  const failed = Promise.allSettled(put())
  await clock.settle()
  for (const result of await failed) expect(result).toMatchObject({ reason: expect.any(Unavailable) })
})

test('a store that closes deletes what is left to delete; a database that is away keeps it from nothing', async () => {
  let isAway = false
  const { store, asked } = started(() => (isAway ? away() : []))
  await store.forget(['a'])
  await store.close()
  expect(asked).toEqual(['forget outbox', 'close'])
  const other = started(() => away())
  isAway = true
  await other.store.forget(['a'])
  await other.store.close()
  expect(other.asked).toEqual(['forget outbox', 'close'])
  await expect(other.store.forget(['b'])).rejects.toThrow(Unavailable)
})

test('pruning says that more may be left when it took as many as it may, of either', async () => {
  for (const [deleted, more] of [
    [[5, 0], true],
    [[0, 5], true],
    [[4, 4], false],
  ] as const) {
    const { store } = started(() => deleted.map((count) => [{ deleted: count }]))
    expect(await store.prune(0, 5)).toBe(more)
  }
})

test('a message whose cause is one id and whose home is another keeps both', async () => {
  const { store, statements } = started()
  const cause = messageCause()
  const change = counterChange(newCounter(), { cause })
  await store.transact({ keys: [], causes: [] }, () => [change])
  expect(partOf(statements[0], 'inbox')).toMatchObject([{ cells: { k1: cause.id, k2: change.home, n1: change.at } }])
})
