import { uuidv7 } from 'uuidv7'
import { describe, expect, test } from 'vitest'
import {
  accountKey,
  type Counter,
  counterChange,
  counterOf,
  dueWork,
  messageCause,
  newCounter,
  outboxRow,
  transferKey,
} from './contract-domain.ts'
import { type Contract, hour, later, load, save, second, subjectOf } from './contract-subject.ts'
import { causeKey } from './store.ts'

export function savingContract(contract: Contract) {
  describe('saving', () => {
    rowTests(contract)
    wholeTests(contract)
  })
  describe('stale changes', () => {
    staleTests(contract)
    raceTests(contract)
  })
}

function rowTests(contract: Contract) {
  test('a row that was never saved is absent', async () => {
    const { store } = await subjectOf(contract)
    expect((await load(store, [newCounter()])).rows.size).toBe(0)
  })

  test('a row comes back as it was saved, with its version, after each save', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const full: Counter = { count: -7, label: "Ünïcode “茶” '; --", open: true, peer: uuidv7(), notes: ['', 'b'] }
    const empty: Counter = { count: 0, label: null, open: false, peer: null, notes: null }
    for (const [expected, state] of [full, empty, full].entries()) {
      const row = { key, state, expected, version: expected + 1 }
      expect(await save(store, counterChange(key, { expected, rows: [row] }))).toEqual(['saved'])
      expect((await load(store, [key])).rows.get(key)).toEqual({ state, version: expected + 1 })
    }
  })

  test('several changes of one row in a batch leave the last state and the whole history in order', async () => {
    const { store, history } = await subjectOf(contract)
    const key = newCounter()
    const changes = [0, 1, 2].map((expected) => counterChange(key, { expected, count: expected + 10 }))
    expect(await save(store, ...changes)).toEqual(['saved', 'saved', 'saved'])
    expect((await load(store, [key])).rows.get(key)).toEqual({ state: counterOf(12), version: 3 })
    expect((await history(key)).map(({ version, index }) => [version, index])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ])
  })

  test('history keeps what happened word for word, by home, version and index', async () => {
    const { store, history } = await subjectOf(contract)
    const [key, other] = [newCounter(), newCounter()]
    const entry = (index: number) => ({
      key,
      version: 1,
      index,
      at: 1_790_000_000_000 + index,
      type: `E${index}`,
      body: `{"i":${index}}`,
    })
    const entries = Array.from({ length: 12 }, (_, index) => entry(index))
    await save(store, counterChange(key, { history: entries }), counterChange(other))
    expect(await history(key)).toEqual(entries)
    expect(await history(other)).toHaveLength(1)
  })

  test('a row is loaded with the rows it follows, also those the batch did not name', async ({ skip }) => {
    if (!contract.can.manyRows) skip('this store keeps one row to a change')
    const { store } = await subjectOf(contract)
    const id = uuidv7()
    const [transfer, from, to] = [transferKey(id), accountKey(`from-${id}`), accountKey(`to-${id}`)]
    const state = { from: `from-${id}`, to: `to-${id}`, amount: 5, undone: false }
    const rows = [
      { key: transfer, state, expected: 0, version: 1 },
      { key: from, state: { balance: 1 }, expected: 0, version: 1 },
      { key: to, state: { balance: 9 }, expected: 0, version: 1 },
    ]
    await save(store, counterChange(transfer, { rows }))
    const loaded = await load(store, [transfer])
    expect(Object.fromEntries(loaded.rows)).toEqual(
      Object.fromEntries(rows.map(({ key, state, version }) => [key, { state, version }])),
    )
  })
}

function wholeTests(contract: Contract) {
  const { can } = contract

  test('a change that the database refuses leaves nothing at all, and the store goes on', async ({ skip }) => {
    if (!can.constraints) skip('this store has no constraints')
    const { store, history } = await subjectOf(contract)
    const key = newCounter()
    const bad = counterChange(key, {
      count: 2_000_000,
      outbox: [outboxRow(key, later(-1))],
      schedule: [dueWork(key, later(-1))],
    })
    await expect(save(store, bad)).rejects.toThrow()
    expect((await load(store, [key], [bad.cause])).rows.size).toBe(0)
    expect((await load(store, [key], [bad.cause])).known.size).toBe(0)
    expect(await history(key)).toEqual([])
    expect(await store.claimOutbox(later(hour), later(2 * hour), 10)).toEqual([])
    expect(await store.claimWork(later(hour), later(2 * hour), 10)).toEqual([])
    expect(await save(store, counterChange(key))).toEqual(['saved'])
  })

  test('of a change of several rows none is written when the last is refused', async ({ skip }) => {
    if (!(can.constraints && can.manyRows)) skip('this store keeps one row to a change, or has no constraints')
    const { store } = await subjectOf(contract)
    const id = uuidv7()
    const keys = [accountKey(`a-${id}`), accountKey(`b-${id}`), accountKey(`c-${id}`)] as const
    const rows = [5, 5, -1].map((balance, index) => ({
      key: keys[index] as string,
      state: { balance },
      expected: 0,
      version: 1,
    }))
    await expect(save(store, counterChange(keys[0], { rows }))).rejects.toThrow()
    expect((await load(store, keys)).rows.size).toBe(0)
  })

  test('what is thrown while deciding is thrown on, and nothing is written', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const error = new Error('the decider is wrong')
    const decide = () => {
      throw error
    }
    await expect(store.transact({ keys: [key], causes: [] }, decide)).rejects.toBe(error)
    expect(await save(store, counterChange(key))).toEqual(['saved'])
  })

  test('a change without rows keeps its cause', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    await save(store, counterChange(key))
    const cause = messageCause()
    expect(await save(store, counterChange(key, { cause, rows: [], history: [] }))).toEqual(['saved'])
    expect((await load(store, [key], [cause])).known.get(causeKey(cause))).toMatchObject({ home: key })
    expect((await load(store, [key])).rows.get(key)?.version).toBe(1)
  })
}

function staleTests(contract: Contract) {
  test('a change decided on an old version is stale, and nothing of it is written', async () => {
    const { store, history } = await subjectOf(contract)
    const key = newCounter()
    await save(store, counterChange(key, { count: 1 }))
    for (const expected of [0, 2]) {
      const late = counterChange(key, {
        expected,
        count: 99,
        outbox: [outboxRow(key, later(-second))],
        schedule: [dueWork(key, later(-second))],
      })
      expect(await save(store, late)).toEqual(['stale'])
      expect((await load(store, [key], [late.cause])).known.size).toBe(0)
    }
    expect((await load(store, [key])).rows.get(key)).toEqual({ state: counterOf(1), version: 1 })
    expect(await history(key)).toHaveLength(1)
    expect(await store.claimOutbox(later(hour), later(2 * hour), 10)).toEqual([])
    expect(await store.claimWork(later(hour), later(2 * hour), 10)).toEqual([])
  })

  test('what builds on a stale change is stale too; its neighbours are saved', async () => {
    const { store } = await subjectOf(contract)
    const [contested, neighbour] = [newCounter(), newCounter()]
    await save(store, counterChange(contested, { count: 1 }))
    const saved = await save(
      store,
      counterChange(contested, { expected: 0, count: 50 }),
      counterChange(neighbour, { count: 3 }),
      counterChange(contested, { expected: 1, count: 51 }),
    )
    expect(saved).toEqual(['stale', 'saved', 'stale'])
    const { rows } = await load(store, [contested, neighbour])
    expect(rows.get(contested)).toEqual({ state: counterOf(1), version: 1 })
    expect(rows.get(neighbour)).toEqual({ state: counterOf(3), version: 1 })
  })

  test('a change that only read what a stale change would have written is stale too', async ({ skip }) => {
    if (!contract.can.manyRows) skip('in this store a change reads only its own row')
    const { store } = await subjectOf(contract)
    const [contested, reader] = [newCounter(), newCounter()]
    await save(store, counterChange(contested))
    const late = counterChange(contested, { expected: 0 })
    const saved = await save(store, late, counterChange(reader, { reads: [reader, contested] }))
    expect(saved).toEqual(['stale', 'stale'])
    expect((await load(store, [reader])).rows.size).toBe(0)
  })
}

function raceTests(contract: Contract) {
  test('of two stores that change one row at once, each change is saved or stale, and none is lost', async () => {
    const subject = await subjectOf(contract)
    const stores = [subject.store, await subject.second()]
    const key = newCounter()
    let written = 0
    for (let round = 0; round < 20; round += 1) {
      const results = await Promise.all(
        stores.map((store) =>
          store.transact({ keys: [key], causes: [] }, ({ rows }) => {
            const { state, version } = rows.get(key) ?? { state: counterOf(0), version: 0 }
            return [counterChange(key, { expected: version, count: (state as Counter).count + 1 })]
          }),
        ),
      )
      const saved = results.flat().filter((result) => result === 'saved').length
      expect(saved).toBeGreaterThan(0)
      written += saved
    }
    expect((await load(subject.store, [key])).rows.get(key)).toEqual({ state: counterOf(written), version: written })
  })
}
