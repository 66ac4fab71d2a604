import { describe, expect, test } from 'vitest'
import { counterChange, newCounter, outboxRow } from './contract-domain.ts'
import { type Contract, hour, later, save, second, subjectOf } from './contract-subject.ts'
import type { OutboxRow } from './store.ts'

export function outboxContract(contract: Contract) {
  describe('outbox', () => {
    leaseTests(contract)
    sweeperTests(contract)
    forgetTests(contract)
  })
}

const idsOf = (rows: readonly OutboxRow[]): string[] => rows.map(({ id }) => id).sort()

function leaseTests(contract: Contract) {
  test('a message is its writer’s until its lease ends, and is then claimed as it was written', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const leaseUntil = later(30 * second)
    const rows = [
      outboxRow(key, leaseUntil, 0),
      { ...outboxRow(key, leaseUntil, 1), properties: undefined, traceparent: undefined },
    ]
    await save(store, counterChange(key, { outbox: rows }))
    expect(await store.claimOutbox(leaseUntil - 1, leaseUntil + hour, 10)).toEqual([])
    const claimed = await store.claimOutbox(leaseUntil + 1, leaseUntil + hour, 10)
    expect(claimed.toSorted((one, other) => (one.id < other.id ? -1 : 1))).toEqual(
      rows.map((row) => ({ ...row, leaseUntil: leaseUntil + hour })),
    )
  })

  test('a claimed message is leased anew, and claimed again when that lease ends too', async () => {
    const subject = await subjectOf(contract)
    const other = await subject.second()
    const key = newCounter()
    const now = later(second)
    await save(subject.store, counterChange(key, { outbox: [outboxRow(key, now - 1)] }))
    expect(await subject.store.claimOutbox(now, now + hour, 10)).toHaveLength(1)
    expect(await other.claimOutbox(now + hour - 1, now + 2 * hour, 10)).toEqual([])
    expect(await other.claimOutbox(now + hour + 1, now + 2 * hour, 10)).toHaveLength(1)
  })
}

function sweeperTests(contract: Contract) {
  test('messages are claimed oldest first, so many at a time', async () => {
    const { store } = await subjectOf(contract)
    const now = Date.now()
    const keys = Array.from({ length: 5 }, newCounter)
    const ages = [3, 1, 5, 2, 4]
    for (const [index, key] of keys.entries()) {
      const at = now - (ages[index] as number) * hour
      await save(store, counterChange(key, { at, outbox: [outboxRow(key, at)] }))
    }
    const claimed = [
      ...(await store.claimOutbox(now, now + hour, 2)),
      ...(await store.claimOutbox(now, now + hour, 2)),
      ...(await store.claimOutbox(now, now + hour, 2)),
    ]
    expect(claimed.map(({ id }) => id)).toEqual([2, 4, 0, 3, 1].map((index) => `${keys[index]}.1.0`))
  })

  test('two sweepers at the same time never claim one message, and between them claim all', async () => {
    const subject = await subjectOf(contract)
    const stores = [subject.store, await subject.second()]
    const now = later(second)
    const keys = Array.from({ length: 40 }, newCounter)
    await save(subject.store, ...keys.map((key) => counterChange(key, { outbox: [outboxRow(key, now - 1)] })))
    const claims: string[] = []
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.all(stores.map((store) => store.claimOutbox(now, now + hour, 7)))
      claims.push(...idsOf(results.flat()))
    }
    expect(claims.toSorted()).toEqual(keys.map((key) => `${key}.1.0`).sort())
  })

  test('the backlog tells how old the oldest message is', async () => {
    const { store } = await subjectOf(contract)
    expect((await store.backlog()).oldestOutboxAt).toBeUndefined()
    const at = later(-hour)
    for (const age of [at + 5, at, at + 9]) {
      const key = newCounter()
      await save(store, counterChange(key, { at: age, outbox: [outboxRow(key, age)] }))
    }
    expect((await store.backlog()).oldestOutboxAt).toBe(at)
    await store.claimOutbox(Date.now(), later(hour), 1)
    expect((await store.backlog()).oldestOutboxAt).toBe(at)
  })
}

function forgetTests(contract: Contract) {
  test('what was forgotten is never claimed again', async () => {
    const { store } = await subjectOf(contract)
    const keys = [newCounter(), newCounter(), newCounter()] as const
    const now = later(second)
    await save(store, ...keys.map((key) => counterChange(key, { outbox: [outboxRow(key, now - 1)] })))
    await store.forget([`${keys[0]}.1.0`, `${keys[2]}.1.0`, 'counter:never-written.1.0'])
    expect(idsOf(await store.claimOutbox(now, now + hour, 10))).toEqual([`${keys[1]}.1.0`])
    expect(idsOf(await store.claimOutbox(now + 2 * hour, now + 3 * hour, 10))).toEqual([`${keys[1]}.1.0`])
  })

  test('what was forgotten leaves with a later commit of other changes', async () => {
    const subject = await subjectOf(contract)
    const [first, next] = [newCounter(), newCounter()]
    await save(subject.store, counterChange(first, { outbox: [outboxRow(first, later(-1))] }))
    await subject.store.forget([`${first}.1.0`])
    await save(subject.store, counterChange(next))
    await subject.store.close()
    expect(await (await subject.second()).claimOutbox(later(hour), later(2 * hour), 10)).toEqual([])
  })

  test('closing the store deletes what was forgotten', async () => {
    const subject = await subjectOf(contract)
    const key = newCounter()
    await save(subject.store, counterChange(key, { outbox: [outboxRow(key, later(-1))] }))
    await subject.store.forget([`${key}.1.0`])
    await subject.store.close()
    const reopened = await subject.second()
    expect(await reopened.claimOutbox(later(hour), later(2 * hour), 10)).toEqual([])
    expect((await reopened.backlog()).oldestOutboxAt).toBeUndefined()
  })
}
