import type { OperationInput } from '@azure/cosmos'
import { describe, expect, test } from 'vitest'
import { emptyContainer, refusalOf } from './cosmos.ts'

const create = (id: string, pk = 'x'): OperationInput => ({
  operationType: 'Create',
  partitionKey: pk,
  resourceBody: { id, pk },
})

describe('a bulk request', () => {
  test('does each operation on its own and answers for each', async () => {
    const { container } = await emptyContainer()
    const { etag } = await container.items.create({ id: 'a', pk: 'x', v: 1 })
    const place = { id: 'a', partitionKey: 'x' }
    const answers = await container.items.bulk([
      create('a'),
      create('b', 'y'),
      { operationType: 'Replace', ...place, resourceBody: { id: 'a', pk: 'x', v: 2 }, ifMatch: etag },
      { operationType: 'Replace', ...place, resourceBody: { id: 'a', pk: 'x', v: 3 }, ifMatch: etag },
      {
        operationType: 'Patch',
        ...place,
        resourceBody: { operations: [{ op: 'incr', path: '/v', value: 5 }], condition: 'from c where c.v = 2' },
      },
      { operationType: 'Read', ...place },
      { operationType: 'Upsert', partitionKey: 'x', resourceBody: { id: 'c', pk: 'x' } },
      { operationType: 'Delete', ...place },
      { operationType: 'Delete', ...place },
    ])
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([409, 201, 200, 412, 200, 200, 201, 204, 404])
    expect(answers[5]?.resourceBody).toMatchObject({ v: 7, _etag: answers[5]?.eTag })
    expect(answers.every(({ requestCharge }) => requestCharge > 0)).toBe(true)
    const { resources } = await container.items.query('SELECT VALUE c.id FROM c').fetchAll()
    expect(resources).toEqual(['b', 'c'])
  })

  test('of 200 operations stores every one', async () => {
    const { container } = await emptyContainer()
    const operations = Array.from({ length: 200 }, (_, index) => create(`i${index}`, `p${index % 7}`))
    const answers = (
      await Promise.all([container.items.bulk(operations.slice(0, 100)), container.items.bulk(operations.slice(100))])
    ).flat()
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(200).fill(201))
    expect((await container.items.query('SELECT VALUE COUNT(1) FROM c').fetchAll()).resources).toEqual([200])
  })

  test('of 200 operations in one call of the newer interface stores every one', async () => {
    const { container } = await emptyContainer()
    const answers = await container.items.executeBulkOperations(
      Array.from({ length: 200 }, (_, index) => create(`i${index}`, `p${index % 7}`) as never),
    )
    expect(answers.map(({ response }) => response?.statusCode)).toEqual(Array(200).fill(201))
    expect((await container.items.readAll().fetchAll()).resources).toHaveLength(200)
  })

  test('stops at the first failure when it is told to', async () => {
    const { container } = await emptyContainer()
    const answers = await container.items.bulk([create('a'), create('a'), create('b')], { continueOnError: false })
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 409, 424])
    expect((await container.item('b', 'x').read()).statusCode).toBe(404)
  })

  test('leaves written documents out of the answer when they are not wanted', async () => {
    const { container } = await emptyContainer()
    const read: OperationInput = { operationType: 'Read', id: 'a', partitionKey: 'x' }
    const [created, found] = await container.items.bulk(
      [create('a'), read],
      {},
      { contentResponseOnWriteEnabled: false },
    )
    expect(created).toMatchObject({ statusCode: 201, eTag: expect.any(String) })
    expect(created?.resourceBody).toBeUndefined()
    expect(found?.resourceBody).toMatchObject({ id: 'a' })
  })
})

describe('a transactional batch', () => {
  test('is done as a whole', async () => {
    const { container } = await emptyContainer()
    await container.items.create({ id: 'a', pk: 'x', v: 1 })
    const { result, code } = await container.items.batch(
      [
        { operationType: 'Create', resourceBody: { id: 'b', pk: 'x' } },
        { operationType: 'Patch', id: 'a', resourceBody: [{ op: 'incr', path: '/v', value: 1 }] },
        { operationType: 'Read', id: 'b' },
      ],
      'x',
    )
    expect(code).toBe(200)
    expect(result?.map(({ statusCode }) => statusCode)).toEqual([201, 200, 200])
    expect(result?.[1]?.resourceBody).toMatchObject({ v: 2 })
  })

  test('that fails changes nothing, and names the operation that failed', async () => {
    const { container } = await emptyContainer()
    const { etag } = await container.items.create({ id: 'a', pk: 'x' })
    const { result, code } = await container.items.batch(
      [
        { operationType: 'Create', resourceBody: { id: 'b', pk: 'x' } },
        { operationType: 'Delete', id: 'a' },
        { operationType: 'Create', resourceBody: { id: 'b', pk: 'x' } },
        { operationType: 'Create', resourceBody: { id: 'c', pk: 'x' } },
      ],
      'x',
    )
    expect(code).toBe(207)
    expect(result?.map(({ statusCode }) => statusCode)).toEqual([424, 424, 409, 424])
    expect((await container.item('a', 'x').read()).etag).toBe(etag)
    expect((await container.items.readAll().fetchAll()).resources).toHaveLength(1)
    const other = await container.items.batch([{ operationType: 'Create', resourceBody: { id: 'b', pk: 'y' } }], 'x')
    expect(other.result?.map(({ statusCode }) => statusCode)).toEqual([400])
  })

  test('that fails harms no other request of the same moment', async () => {
    const { container } = await emptyContainer()
    await container.items.create({ id: 'taken', pk: 'x' })
    const bad: OperationInput[] = [
      { operationType: 'Create', resourceBody: { id: 'gone', pk: 'x' } },
      { operationType: 'Create', resourceBody: { id: 'taken', pk: 'x' } },
    ]
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => [
        container.items.create({ id: `i${index}`, pk: 'x' }),
        container.items.batch(bad, 'x'),
      ]).flat(),
    )
    expect(
      (await container.items.query("SELECT VALUE COUNT(1) FROM c WHERE STARTSWITH(c.id, 'i')").fetchAll()).resources,
    ).toEqual([10])
    expect((await container.item('gone', 'x').read()).statusCode).toBe(404)
  })
})

describe('trouble on demand', () => {
  test('the next operations are answered with 429 and the time to wait, then all is well', async () => {
    const { container, cosmos } = await emptyContainer()
    const answer = await fetch(`${cosmos.endpoint}/flotilla/faults`, {
      method: 'POST',
      body: JSON.stringify({ status: 429, count: 2, retryAfterMs: 15 }),
    })
    expect(answer.status).toBe(200)
    const [one, two, three] = await container.items.bulk([create('a'), create('b'), create('c')])
    expect(one).toMatchObject({ statusCode: 429, retryAfterMilliseconds: 15 })
    expect([two?.statusCode, three?.statusCode]).toEqual([429, 201])
    cosmos.setFault({ status: 429, count: 1, retryAfterMs: 15 })
    const { code, error } = await refusalOf(container.item('c', 'x').read())
    expect([code, error.retryAfterInMs]).toEqual([429, 15])
    expect((await container.item('c', 'x').read()).statusCode).toBe(200)
  })

  test('there is none where it is not allowed', async () => {
    const { cosmos } = await emptyContainer({}, { faults: false })
    const answer = await fetch(`${cosmos.endpoint}/flotilla/faults`, {
      method: 'POST',
      body: '{"status":429,"count":2}',
    })
    expect(answer.status).toBe(400)
    expect(() => cosmos.setFault({ status: 429, count: 1 })).toThrow('not allowed')
  })
})
