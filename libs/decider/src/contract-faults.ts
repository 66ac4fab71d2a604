import { describe, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { adding, counterChange, counting, newCounter, outboxRow } from './contract-domain.ts'
import { type Contract, later, load, save, subjectOf } from './contract-subject.ts'
import { createHandler } from './handler.ts'
import { Unavailable } from './store.ts'

export function faultsContract(contract: Contract) {
  describe('faults', () => {
    test('a database that is away makes every call Unavailable', async () => {
      const subject = await subjectOf(contract)
      const { store } = subject
      await save(store, counterChange(newCounter()))
      await subject.break()
      const key = newCounter()
      const calls = [
        save(store, counterChange(key)),
        load(store, [key]),
        store.claimOutbox(later(1), later(2), 10),
        store.claimWork(later(1), later(2), 10),
        store.postpone({ id: 'remind:x', visibleAt: later(1) }, later(1), 1),
        store.prune(later(1), 10),
        store.backlog(),
      ]
      for (const result of await Promise.allSettled(calls)) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) })
      }
    })

    test('a database that is away fails a whole turn at once, and keeps nothing of it', async () => {
      const subject = await subjectOf(contract)
      const handle = createHandler(counting, subject.store, { clock: systemClock })
      const keys = Array.from({ length: 20 }, newCounter)
      await handle(adding(newCounter()))
      await subject.break()
      for (const result of await Promise.allSettled(keys.map((key) => handle(adding(key))))) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) })
      }
      expect((await load(await subject.second(), keys)).rows.size).toBe(0)
    })

    test('a closed store is Unavailable, and may be closed again', async () => {
      const { store } = await subjectOf(contract)
      await store.close()
      await expect(save(store, counterChange(newCounter()))).rejects.toThrow(Unavailable)
      await store.close()
    })

    test('what was forgotten just before the database went away does no harm', async () => {
      const subject = await subjectOf(contract)
      const key = newCounter()
      await save(subject.store, counterChange(key, { outbox: [outboxRow(key, later(-1))] }))
      await subject.store.forget([`${key}.1.0`])
      await subject.break()
      await expect(save(subject.store, counterChange(newCounter()))).rejects.toThrow(Unavailable)
    })
  })
}
