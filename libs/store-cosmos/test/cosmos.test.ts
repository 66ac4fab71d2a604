import { systemClock } from '@flotilla/decider/clock'
import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCosmosClient } from '../src/client.ts'
import { type CosmosDocumentsOptions, cosmosDocuments, type Guard } from '../src/cosmos.ts'
import type { Operation } from '../src/documents.ts'
import { type Asked, done, type Reply, startScriptedServer } from './scripted-server.ts'

const create = (id: string): Operation => ({ type: 'create', id, partition: id, body: { id, orderId: id } })
const replace: Operation = { type: 'replace', id: 'b', partition: 'p', body: { id: 'b', orderId: 'p' }, etag: '"7"' }
const read: Operation = { type: 'read', id: 'c', partition: 'q' }

async function documentsOf(answer: (asked: Asked) => Reply | undefined, options: Partial<CosmosDocumentsOptions> = {}) {
  const server = await startScriptedServer(answer)
  onTestFinished(server.close)
  const client = await createCosmosClient(server)
  onTestFinished(() => client.dispose())
  return cosmosDocuments({ container: client.database('d').container('mails'), ...options })
}

describe('on the wire', () => {
  test('a bulk is one request, each operation conditional on its own, and written documents do not come back', async () => {
    const asked: Asked[] = []
    const documents = await documentsOf((request) => {
      asked.push(request)
      return done(request)
    })
    const answers = await documents.bulk([create('a'), replace], 'save')
    expect(answers).toMatchObject([{ status: 201, etag: expect.any(String) }, { status: 200 }])
    expect(asked).toHaveLength(1)
    expect(asked[0]?.headers).toMatchObject({ 'x-ms-cosmos-batch-atomic': 'false', prefer: 'return=minimal' })
    expect(asked[0]?.operations).toMatchObject([
      { operationType: 'Create', partitionKey: '["a"]', resourceBody: { id: 'a' } },
      { operationType: 'Replace', id: 'b', partitionKey: '["p"]', ifMatch: '"7"' },
    ])
    await documents.bulk([read], 'load')
    expect(asked[1]?.headers).not.toHaveProperty('prefer')
    expect(asked[1]?.operations).toEqual([{ operationType: 'Read', id: 'c', partitionKey: '["q"]' }])
  })

  test('a hundred operations take no longer than their request', async () => {
    const documents = await documentsOf(done)
    await documents.bulk([create('first')], 'save')
    const started = performance.now()
    await documents.bulk(
      Array.from({ length: 100 }, (_, index) => create(`a${index}`)),
      'save',
    )
    // The SDK's `executeBulkOperations` would take a second.
    expect(performance.now() - started).toBeLessThan(900)
  })

  test('each operation has its own answer, with the wait that the server asks for', async () => {
    const body = [
      { statusCode: 409, requestCharge: 1 },
      { statusCode: 429, retryAfterMilliseconds: 30, requestCharge: 1 },
      { statusCode: 200, eTag: '"8"', resourceBody: { id: 'c' }, requestCharge: 1 },
    ]
    const charged: unknown[] = []
    const onCharge = (...charge: unknown[]) => charged.push(charge)
    const documents = await documentsOf(() => ({ status: 207, body }), { onCharge })
    expect(await documents.bulk([create('a'), replace, read], 'mixed')).toMatchObject([
      { status: 409 },
      { status: 429, retryAfter: 30 },
      { status: 200, etag: '"8"', body: { id: 'c' } },
    ])
    expect(charged).toEqual([['execute_bulk', 3]])
  })
})

describe('a request that fails as a whole', () => {
  test.each([429, 449])('%i is the answer to each operation', async (status) => {
    let asked = 0
    const documents = await documentsOf(() => {
      asked += 1
      return { status, headers: { 'x-ms-retry-after-ms': '40' }, body: { message: 'too many' } }
    })
    const answers = await documents.bulk([create('a'), replace], 'save')
    expect(answers).toMatchObject([
      { status, retryAfter: 40 },
      { status, retryAfter: 40 },
    ])
    expect(asked).toBe(1)
  })

  test('a request that Cosmos DB finds wrong is the fault of what was asked', async () => {
    const documents = await documentsOf(() => ({ status: 413, body: { message: 'too large' } }))
    expect(await documents.bulk([create('a')], 'save')).toMatchObject([{ status: 413, message: 'too large' }])
  })

  test.each<[string, Reply]>([
    ['a missing key or role', { status: 401, body: { message: 'who are you' } }],
    ['a forbidden network', { status: 403, body: { message: 'not from here' } }],
    ['a missing container', { status: 404, body: { message: 'no such container' } }],
    ['an overloaded server', { status: 503, body: { message: 'later' } }],
    ['an error without a body', { status: 500 }],
    ['a proxy that speaks HTML', { status: 502, body: '<html>' }],
    ['a proxy that says it is fine', { status: 200, body: '<html>' }],
  ])('%s is Unavailable', async (_, reply) => {
    const documents = await documentsOf(() => reply)
    await expect(documents.bulk([create('a')], 'save')).rejects.toThrow(Unavailable)
  })

  test('no answer in time is Unavailable', async () => {
    const documents = await documentsOf(() => undefined, { timeout: 60 })
    await expect(documents.bulk([create('a')], 'save')).rejects.toThrow(/did not answer within 60 ms/)
  })

  test('nobody there is Unavailable at once', async () => {
    const server = await startScriptedServer(done)
    await server.close()
    const client = await createCosmosClient(server)
    onTestFinished(() => client.dispose())
    const documents = cosmosDocuments({ container: client.database('d').container('mails'), clock: systemClock })
    const started = performance.now()
    await expect(documents.bulk([create('a')], 'save')).rejects.toThrow(Unavailable)
    const query = documents.query({ where: { property: 'nextWorkAt', atMost: 1 } }, 'claim')
    await expect(query).rejects.toThrow(Unavailable)
    expect(performance.now() - started).toBeLessThan(900)
  })

  test('a breaker sees outages, and no other answers', async () => {
    const replies: Reply[] = [
      { status: 429, body: { message: 'later' } },
      { status: 413, body: { message: 'too large' } },
      { status: 503, body: { message: 'away' } },
    ]
    const seen: string[] = []
    const guard: Guard = (run) =>
      run().catch((error: Error) => {
        seen.push(error.name)
        throw error
      })
    const documents = await documentsOf(() => replies.shift(), { guard })
    await documents.bulk([create('a')], 'save')
    await documents.bulk([create('a')], 'save')
    await expect(documents.bulk([create('a')], 'save')).rejects.toThrow(Unavailable)
    expect(seen).toEqual(['Unavailable'])
  })

  test('an open breaker is Unavailable', async () => {
    const guard = () => Promise.reject(new Error('breaker is open'))
    const documents = await documentsOf(done, { guard })
    await expect(documents.bulk([create('a')], 'save')).rejects.toThrow(/not available: breaker is open/)
  })
})
