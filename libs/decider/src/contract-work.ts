import { describe, expect, test } from 'vitest'
import { counterChange, dueWork, newCounter } from './contract-domain.ts'
import { type Contract, hour, later, load, save, second, subjectOf } from './contract-subject.ts'
import { type Cause, causeKey, type DueWork } from './store.ts'

export function workContract(contract: Contract) {
  describe('due work', () => {
    claimTests(contract)
    sweeperTests(contract)
    endTests(contract)
    rescheduleTests(contract)
  })
}

const idsOf = (work: readonly DueWork[]): string[] => work.map(({ id }) => id)

function claimTests(contract: Contract) {
  test('work that is due at once is its writer’s until the lease ends', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const now = Date.now()
    const work = dueWork(key, now, { visibleAt: now + 30 * second })
    await save(store, counterChange(key, { schedule: [work] }))
    expect(await store.claimWork(work.visibleAt - 1, work.visibleAt + hour, 10)).toEqual([])
    expect(await store.claimWork(work.visibleAt + 1, work.visibleAt + hour, 10)).toEqual([
      { ...work, visibleAt: work.visibleAt + hour, attempts: 1 },
    ])
  })

  test('work that is due later is not claimed before', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const work = dueWork(key, later(10 * hour), { traceparent: undefined, payload: null })
    await save(store, counterChange(key, { schedule: [work] }))
    expect(await store.claimWork(work.dueAt - 1, work.dueAt + hour, 10)).toEqual([])
    expect(await store.claimWork(work.dueAt + 1, work.dueAt + hour, 10)).toEqual([
      { ...work, visibleAt: work.dueAt + hour, attempts: 1 },
    ])
  })

  test('claimed work is hidden until the lease ends, and each claim counts an attempt', async () => {
    const subject = await subjectOf(contract)
    const other = await subject.second()
    const key = newCounter()
    const now = later(second)
    await save(subject.store, counterChange(key, { schedule: [dueWork(key, now - 1)] }))
    expect(await subject.store.claimWork(now, now + hour, 10)).toMatchObject([{ attempts: 1 }])
    expect(await other.claimWork(now + hour - 1, now + 2 * hour, 10)).toEqual([])
    expect(await other.claimWork(now + hour + 1, now + 2 * hour, 10)).toMatchObject([{ attempts: 2 }])
  })
}

function sweeperTests(contract: Contract) {
  test('the longest overdue is claimed first, so many at a time', async () => {
    const { store } = await subjectOf(contract)
    const now = Date.now()
    const keys = Array.from({ length: 5 }, newCounter)
    const overdue = [3, 1, 5, 2, 4]
    await save(
      store,
      ...keys.map((key, index) =>
        counterChange(key, { schedule: [dueWork(key, now - (overdue[index] as number) * hour)] }),
      ),
    )
    const claimed: string[] = []
    for (let round = 0; round < 3; round += 1) claimed.push(...idsOf(await store.claimWork(now, now + hour, 2)))
    expect(claimed).toEqual([2, 4, 0, 3, 1].map((index) => dueWork(keys[index] as string, 0).id))
  })

  test('two sweepers at the same time never claim one piece of work, and between them claim all', async () => {
    const subject = await subjectOf(contract)
    const stores = [subject.store, await subject.second()]
    const now = later(second)
    const keys = Array.from({ length: 40 }, newCounter)
    await save(subject.store, ...keys.map((key) => counterChange(key, { schedule: [dueWork(key, now - 1)] })))
    const claims: string[] = []
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.all(stores.map((store) => store.claimWork(now, now + hour, 7)))
      claims.push(...idsOf(results.flat()))
    }
    expect(claims.sort()).toEqual(keys.map((key) => dueWork(key, 0).id).sort())
  })

  test('the backlog tells since when the longest overdue work is due, postponed or not', async () => {
    const { store } = await subjectOf(contract)
    expect((await store.backlog()).oldestDueAt).toBeUndefined()
    const [key, other] = [newCounter(), newCounter()]
    const dueAt = later(-hour)
    await save(
      store,
      counterChange(key, { schedule: [dueWork(key, dueAt)] }),
      counterChange(other, { schedule: [dueWork(other, dueAt + 7)] }),
    )
    await store.postpone(dueWork(key, dueAt), later(hour), 3)
    expect((await store.backlog()).oldestDueAt).toBe(dueAt)
  })
}

function endTests(contract: Contract) {
  test('postponed work comes back at its time, with its attempts', async () => {
    const { store } = await subjectOf(contract)
    const [key, other] = [newCounter(), newCounter()]
    const now = later(second)
    await save(
      store,
      counterChange(key, { schedule: [dueWork(key, now - 2)] }),
      counterChange(other, { schedule: [dueWork(other, now - 1)] }),
    )
    const [one, another] = (await store.claimWork(now, now + hour, 10)) as [DueWork, DueWork]
    await Promise.all([
      store.postpone(one, now + 100, 6),
      store.postpone(another, now + 200, 9),
      store.postpone({ id: 'remind:gone', visibleAt: now + hour }, now + 100, 1),
    ])
    expect(await store.claimWork(now + 99, now + hour, 10)).toEqual([])
    expect(await store.claimWork(now + 150, now + hour, 10)).toMatchObject([{ id: dueWork(key, 0).id, attempts: 7 }])
    expect(await store.claimWork(now + 250, now + hour, 10)).toMatchObject([{ id: dueWork(other, 0).id, attempts: 10 }])
  })

  test('work is not put back by who held it before: somebody else has claimed it since', async () => {
    const subject = await subjectOf(contract)
    const [store, other] = [subject.store, await subject.second()]
    const key = newCounter()
    const now = later(second)
    await save(store, counterChange(key, { schedule: [dueWork(key, now - 2)] }))
    const [held] = (await store.claimWork(now, now + hour, 10)) as [DueWork]
    await store.postpone(held, now + 100, 0)
    const [taken] = (await other.claimWork(now + 100, now + 2 * hour, 10)) as [DueWork]
    // As after an answer that was lost.
    await store.postpone(held, now + 100, 0)
    expect(await store.claimWork(now + hour, now + 3 * hour, 10)).toEqual([])
    await other.postpone(taken, now + 300, 4)
    expect(await store.claimWork(now + 300, now + 3 * hour, 10)).toMatchObject([{ id: held.id, attempts: 5 }])
  })

  test('cancelled work is gone, and cancelling what is gone is fine', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const work = dueWork(key, later(-second))
    await save(store, counterChange(key, { schedule: [work] }))
    const cancel = [work.id, 'remind:never-scheduled']
    expect(await save(store, counterChange(key, { expected: 1, cancel }))).toEqual(['saved'])
    expect(await save(store, counterChange(key, { expected: 2, cancel }))).toEqual(['saved'])
    expect(await store.claimWork(later(hour), later(2 * hour), 10)).toEqual([])
    expect((await store.backlog()).oldestDueAt).toBeUndefined()
  })
}

function rescheduleTests(contract: Contract) {
  test('work that is scheduled again takes the place of the old, also in the change that it caused', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const now = Date.now()
    const [first, again, third] = [
      dueWork(key, now),
      dueWork(key, now + hour, { payload: 'again' }),
      dueWork(key, now + 2 * hour),
    ]
    const cause: Cause = { kind: 'work', id: first.id }
    await save(store, counterChange(key, { schedule: [first] }))
    expect(await save(store, counterChange(key, { cause, expected: 1, schedule: [again] }))).toEqual(['saved'])
    expect(await store.claimWork(now + second, now + hour, 10)).toEqual([])
    expect((await load(store, [key], [cause])).known.has(causeKey(cause))).toBe(false)
    await save(store, counterChange(key, { expected: 2, cancel: [first.id], schedule: [third] }))
    expect(await store.claimWork(now + hour + 1, now + 3 * hour, 10)).toEqual([])
    expect(await store.claimWork(now + 2 * hour + 1, now + 3 * hour, 10)).toHaveLength(1)
  })

  test('work scheduled and cancelled by changes of one batch ends as the last one says', async () => {
    const { store } = await subjectOf(contract)
    const [born, dead] = [newCounter(), newCounter()]
    const schedule = (key: string) => [dueWork(key, later(-second))]
    const cancel = (key: string) => [dueWork(key, 0).id]
    await save(
      store,
      counterChange(dead, { schedule: schedule(dead) }),
      counterChange(dead, { expected: 1, cancel: cancel(dead) }),
      counterChange(born, { cancel: cancel(born) }),
      counterChange(born, { expected: 1, schedule: schedule(born) }),
    )
    expect(idsOf(await store.claimWork(later(second), later(hour), 10))).toEqual(cancel(born))
  })

  test('work ends with the change that it caused', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const work = dueWork(key, later(-second))
    await save(store, counterChange(key, { schedule: [work] }))
    await save(store, counterChange(key, { expected: 1, cause: { kind: 'work', id: work.id } }))
    expect(await store.claimWork(later(hour), later(2 * hour), 10)).toEqual([])
    expect((await store.backlog()).oldestDueAt).toBeUndefined()
  })
}
