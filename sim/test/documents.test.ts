import { Unavailable } from '@flotilla/decider/store'
import type { Operation } from '@flotilla/store-cosmos/documents'
import { createTwin } from '@flotilla/store-cosmos/twin'
import { describe, expect, it } from 'vitest'
import { connectDocuments, twinFault, twinOwes } from '../src/documents.ts'
import { createWorld, outcome } from './worlds.ts'

const create = (id: string, more: object = {}): Operation => {
  const body = { id, orderId: id, outbox: [], work: [], ...more }
  return { type: 'create', id, partition: id, body }
}

function given(options: Parameters<typeof createWorld>[0] = {}) {
  const it = createWorld(options)
  const twin = createTwin({ now: () => it.time.now, fault: twinFault(it.world) })
  const documents = connectDocuments(it.world, it.life, twin)
  const bulk = (...operations: Operation[]) => outcome(it.time, documents.bulk(operations, 'save'))
  return { ...it, twin, documents, bulk, ids: () => twin.all().map(({ id }) => id) }
}

describe('the documents of a simulated process', () => {
  it('are those of all processes', async () => {
    const { bulk, time, world, twin, birth } = given()
    expect((await bulk(create('a'))).value).toMatchObject([{ status: 201 }])
    const others = connectDocuments(world, birth('two'), twin)
    const { value } = await outcome(time, others.bulk([create('a'), { type: 'read', id: 'a', partition: 'a' }], 'load'))
    expect(value).toMatchObject([{ status: 409 }, { status: 200 }])
  })

  it.each([
    ['refused notification-db save', []],
    ['lost notification-db save', ['a']],
  ])('%s: there is no answer', async (fault, there) => {
    const { bulk, ids } = given({ strikes: [fault] })
    expect((await bulk(create('a'))).error).toBeInstanceOf(Unavailable)
    expect(ids()).toEqual(there)
  })

  it('one operation of a bulk can fail alone', async () => {
    const { bulk, ids } = given({ strikes: ['refused notification-db status'], draws: [0, 0.5] })
    const { value } = await bulk(create('a'), create('b'))
    expect(value).toMatchObject([{ status: 429, retryAfter: 251 }, { status: 201 }])
    expect(ids()).toEqual(['b'])
  })

  it('a bulk can fail as a whole though some of it is done', async () => {
    const { bulk, ids } = given({ strikes: ['refused notification-db partition'], draws: [0, 0.9, 0.9] })
    const { value } = await bulk(create('a'), create('b'))
    expect(value).toMatchObject([{ status: 429 }, { status: 429 }])
    expect(ids()).toEqual(['a'])
  })

  it('a write can be done that the server says was too slow', async () => {
    const { bulk, ids } = given({ strikes: ['lost notification-db status'] })
    expect((await bulk(create('a'))).value).toMatchObject([{ status: 408 }])
    expect(ids()).toEqual(['a'])
  })

  it('a write can be done after its writer gave up', async () => {
    const { bulk, time, world, ids } = given({ strikes: ['slow notification-db save'] })
    world.latency.skewed = (low) => (low >= 500 ? 30_000 : low)
    const { error, took } = await bulk(create('a'))
    expect(error).toBeInstanceOf(Unavailable)
    expect(took).toBe(5_000)
    expect(ids()).toEqual([])
    await time.step()
    expect(ids()).toEqual(['a'])
  })

  it('say what they owe, and when somebody can claim it', async () => {
    const { bulk, twin, time, documents } = given()
    const debts = { nextOutboxAt: 70, oldestOutboxAt: 40, nextWorkAt: 60, outbox: [{ id: 'm' }], work: [{ id: 'w' }] }
    expect(twinOwes(twin)).toMatchObject({ messages: 0, work: 0, nextAt: undefined })
    await bulk(create('a', debts), create('b'))
    expect(twinOwes(twin)).toEqual({ messages: 1, work: 1, nextMessageAt: 70, nextWorkAt: 60, nextAt: 60 })
    const look = (atMost: number) =>
      outcome(
        time,
        documents.query({ where: { property: 'nextOutboxAt', atMost }, orderBy: 'oldestOutboxAt' }, 'claim'),
      )
    expect(await look(69)).toMatchObject({ value: { status: 200, found: [] }, took: 0 })
    expect((await look(70)).value?.found).toMatchObject([{ id: 'a' }])
  })

  it('are away also to a look that would find nothing', async () => {
    const { away, time, documents } = given()
    away.add('notification-db')
    const query = { where: { property: 'nextWorkAt', atMost: 1 } }
    expect((await outcome(time, documents.query(query, 'claim'))).error).toBeInstanceOf(Unavailable)
  })
})
