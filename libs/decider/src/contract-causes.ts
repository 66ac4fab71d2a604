import { describe, expect, test } from 'vitest'
import { counterChange, dueWork, messageCause, newCounter, requestCause } from './contract-domain.ts'
import { type Contract, day, hour, later, load, save, subjectOf } from './contract-subject.ts'
import { type Cause, causeKey } from './store.ts'

export function causesContract(contract: Contract) {
  describe('causes', () => {
    knownTests(contract)
    pruneTests(contract)
  })
}

function knownTests(contract: Contract) {
  test('a cause is unknown until its change is saved, and then known to every process with its home', async () => {
    const subject = await subjectOf(contract)
    const key = newCounter()
    const [message, request] = [messageCause(), requestCause('of the body')]
    expect((await load(subject.store, [key], [message, request])).known.size).toBe(0)
    await save(
      subject.store,
      counterChange(key, { cause: message }),
      counterChange(key, { cause: request, expected: 1 }),
    )
    for (const store of [subject.store, await subject.second()]) {
      const { known } = await load(store, [key], [message, request, messageCause()])
      expect(known.size).toBe(2)
      expect(known.get(causeKey(message))).toMatchObject({ home: key })
      expect(known.get(causeKey(request))).toEqual({ home: key, fingerprint: 'of the body' })
    }
  })

  test('one id of a message and of a request are two causes', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const message = messageCause()
    await save(store, counterChange(key, { cause: message }))
    const { known } = await load(store, [key], [message, { kind: 'request', id: message.id }])
    expect([...known.keys()]).toEqual([causeKey(message)])
  })

  test('a change whose cause has become known is stale, also twice in one batch', async () => {
    const { store, history } = await subjectOf(contract)
    const key = newCounter()
    const cause = messageCause()
    const twice = [counterChange(key, { cause }), counterChange(key, { cause, expected: 1 })]
    expect(await save(store, ...twice)).toEqual(['saved', 'stale'])
    expect(await save(store, counterChange(key, { cause, expected: 1 }))).toEqual(['stale'])
    expect(await history(key)).toHaveLength(1)
  })

  test('a work cause is known when its due work is not there', async () => {
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const work = dueWork(key, later(hour))
    const cause: Cause = { kind: 'work', id: work.id }
    expect((await load(store, [key], [cause])).known.get(causeKey(cause))).toMatchObject({ home: '' })
    await save(store, counterChange(key, { schedule: [work] }))
    expect((await load(store, [key], [cause])).known.size).toBe(0)
    expect(await save(store, counterChange(key, { cause, expected: 1 }))).toEqual(['saved'])
    expect((await load(store, [key], [cause])).known.has(causeKey(cause))).toBe(true)
    expect(await save(store, counterChange(key, { cause, expected: 2 }))).toEqual(['stale'])
  })
}

function pruneTests(contract: Contract) {
  test('pruning keeps what is young, and history however old', async () => {
    const { store, history } = await subjectOf(contract)
    const key = newCounter()
    const causes = [messageCause(), requestCause('x')]
    await save(store, ...causes.map((cause, expected) => counterChange(key, { cause, expected })))
    expect(await store.prune(later(23 * hour), 100)).toBe(false)
    expect((await load(store, [key], causes)).known.size).toBe(2)
    await store.prune(later(400 * day), 100)
    expect(await history(key)).toHaveLength(2)
    expect((await load(store, [key])).rows.get(key)?.version).toBe(2)
  })

  test('keys of requests live 24 hours, marks of messages as long as messages can travel', async ({ skip }) => {
    if (!contract.can.prunes) skip('this store keeps causes with their rows')
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const [message, request] = [messageCause(), requestCause('x')]
    await save(store, counterChange(key, { cause: message }), counterChange(key, { cause: request, expected: 1 }))
    await store.prune(later(day + hour), 100)
    expect([...(await load(store, [key], [message, request])).known.keys()]).toEqual([causeKey(message)])
    await store.prune(later(21 * day), 100)
    expect((await load(store, [key], [message])).known.size).toBe(1)
    await store.prune(later(40 * day), 100)
    expect((await load(store, [key], [message])).known.size).toBe(0)
  })

  test('pruning takes the oldest first, so many at a time, and says whether more is left', async ({ skip }) => {
    if (!contract.can.prunes) skip('this store keeps causes with their rows')
    const { store } = await subjectOf(contract)
    const key = newCounter()
    const causes = Array.from({ length: 5 }, () => requestCause('x'))
    await save(store, ...causes.map((cause, expected) => counterChange(key, { cause, expected })))
    const left = async () => (await load(store, [key], causes)).known.size
    expect(await store.prune(later(2 * day), 2)).toBe(true)
    expect(await left()).toBe(3)
    let rounds = 0
    while (await store.prune(later(2 * day), 2)) rounds += 1
    expect(rounds).toBeLessThan(4)
    expect(await left()).toBe(0)
  })
}
