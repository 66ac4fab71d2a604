import { ChangeFeedStartFrom, CosmosClient } from '@azure/cosmos'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Engine } from '../src/engine/engine.ts'
import { startCosmos } from '../src/server.ts'
import { clientOf, emptyContainer, refusalOf, startTestCosmos, temporaryFolder } from './cosmos.ts'
import { signed } from './signed.ts'

describe('the account', () => {
  test('is opened by its key and no other', async () => {
    const { cosmos, client } = await startTestCosmos()
    await client.databases.create({ id: 'd' })
    const wrong = clientOf({ endpoint: cosmos.endpoint, key: Buffer.from('another key').toString('base64') })
    expect(await refusalOf(wrong.database('d').read())).toMatchObject({ code: 401 })
    wrong.dispose()
    for (const headers of [
      {},
      { authorization: 'Bearer token' },
      { authorization: 'type%3Dmaster' },
      { authorization: '%ZZ%3d' },
    ]) {
      const answer = await fetch(`${cosmos.endpoint}/dbs/d`, { headers })
      expect(answer.status).toBe(401)
      expect(await answer.json()).toEqual({ code: 'Unauthorized', message: expect.any(String) })
    }
  })

  test('names itself as its only region, so that clients which look for regions stay', async () => {
    const { cosmos } = await startTestCosmos()
    const client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmos.key })
    const { resource } = await client.getDatabaseAccount()
    expect(resource?.consistencyPolicy).toBe('Session')
    expect(resource?.writableLocations).toMatchObject([{ databaseAccountEndpoint: cosmos.endpoint }])
    await client.databases.create({ id: 'd' })
    client.dispose()
  })

  test('what it has not is refused by name', async () => {
    const { container, client } = await emptyContainer()
    const scripts = container.scripts.storedProcedures.create({ id: 's', body: 'function () {}' })
    expect(await refusalOf(scripts)).toMatchObject({ code: 400, message: expect.stringContaining("'sprocs'") })
    expect(await refusalOf(client.database('d').users.create({ id: 'u' }))).toMatchObject({
      code: 400,
      message: expect.stringContaining("'users'"),
    })
    expect(await refusalOf(client.offers.readAll().fetchAll())).toMatchObject({
      code: 400,
      message: expect.stringContaining("'offers'"),
    })
    const trigger = container.items.create({ id: 'a', pk: 'x' }, { preTriggerInclude: 't' })
    expect(await refusalOf(trigger)).toMatchObject({ code: 400, message: expect.stringContaining('trigger') })
  })

  test('sessions go on: each answer of a container has a token that the client sends again', async () => {
    const { container } = await emptyContainer()
    const { headers } = await container.items.create({ id: 'a', pk: 'x' })
    expect(headers['x-ms-session-token']).toMatch(/^0:-1#\d+$/)
    expect(headers['x-ms-alt-content-path']).toBe('dbs/d/colls/c')
    expect(Buffer.from(String(headers['x-ms-content-path']), 'base64')).toHaveLength(8)
    const { sessionContainer } = (
      container as unknown as { clientContext: { sessionContainer: { get(request: object): string } } }
    ).clientContext
    expect(sessionContainer.get({ resourceAddress: '/dbs/d/colls/c/docs/a' })).toBe(headers['x-ms-session-token'])
  })

  test('keeps connections open', async () => {
    const { cosmos } = await startTestCosmos()
    const answer = await fetch(`${cosmos.endpoint}/health/ready`)
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'keep-alive'])
  })
})

describe('the change feed', () => {
  test('tells of each item once in its latest version, oldest change first, from wherever one was', async () => {
    const { container } = await emptyContainer()
    for (const id of ['a', 'b', 'c']) await container.items.create({ id, pk: 'x' })
    await container.item('a', 'x').replace({ id: 'a', pk: 'x', v: 2 })
    await container.items.create({ id: 'd', pk: 'y' })
    await container.item('c', 'x').delete()
    const options = { maxItemCount: 2, changeFeedStartFrom: ChangeFeedStartFrom.Beginning() }
    const feed = container.items.getChangeFeedIterator(options)
    expect((await feed.readNext()).result.map(({ id }) => id)).toEqual(['b', 'a'])
    const { result, continuationToken } = await feed.readNext()
    expect(result.map(({ id }) => id)).toEqual(['d'])
    expect((await feed.readNext()).statusCode).toBe(304)
    await container.items.create({ id: 'e', pk: 'x' })
    expect((await feed.readNext()).result.map(({ id }) => id)).toEqual(['e'])
    const later = container.items.getChangeFeedIterator({
      changeFeedStartFrom: ChangeFeedStartFrom.Continuation(continuationToken),
    })
    expect((await later.readNext()).result.map(({ id }) => id)).toEqual(['e'])
    const one = container.items.getChangeFeedIterator({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning('y') })
    expect((await one.readNext()).result.map(({ id }) => id)).toEqual(['d'])
  })

  test('from now on tells of what comes', async () => {
    const { container } = await emptyContainer()
    await container.items.create({ id: 'a', pk: 'x' })
    const feed = container.items.getChangeFeedIterator({ changeFeedStartFrom: ChangeFeedStartFrom.Now() })
    expect((await feed.readNext()).statusCode).toBe(304)
    await container.items.create({ id: 'b', pk: 'x' })
    expect((await feed.readNext()).result.map(({ id }) => id)).toEqual(['b'])
  })
})

describe('the engine', () => {
  test('is the whole server without HTTP, and the same requests at the same times have the same answers', () => {
    const run = () => {
      let ids = 0
      const engine = new Engine({
        now: () => 1_700_000_000_000,
        newId: () => `id-${++ids}-of-the-test`,
        endpoint: () => 'http://engine',
      })
      const partition = { 'x-ms-documentdb-partitionkey': '["x"]' }
      const responses = engine.handleAll([
        signed('POST', 'dbs', '', '/dbs', { id: 'd' }),
        signed('POST', 'colls', 'dbs/d', '/dbs/d/colls', { id: 'c', partitionKey: { paths: ['/pk'] } }),
        signed('POST', 'docs', 'dbs/d/colls/c', '/dbs/d/colls/c/docs', { id: 'a', pk: 'x' }, partition),
        signed('GET', 'docs', 'dbs/d/colls/c/docs/a', '/dbs/d/colls/c/docs/a', undefined, partition),
        signed('POST', 'docs', 'dbs/d/colls/c', '/dbs/d/colls/c/docs', { id: 'a', pk: 'x' }, partition),
      ])
      engine.close()
      return responses
    }
    expect(run().map(({ status }) => status)).toEqual([201, 201, 201, 200, 409])
    expect(run()).toEqual(run())
  })

  test('a fault of its own is a 500 for the request that met it, and harms no neighbour', () => {
    const faults: unknown[] = []
    let calls = 0
    const now = () => {
      calls += 1
      if (calls === 2 || calls === 4) throw new Error('the clock is broken')
      return 1_700_000_000_000
    }
    const engine = new Engine({ now, endpoint: () => '', onFault: (error) => faults.push(error) })
    const databases = ['a', 'b'].map((id) => signed('POST', 'dbs', '', '/dbs', { id }))
    // The second breaks what both share; alone it breaks again.
    expect(engine.handleAll(databases).map(({ status }) => status)).toEqual([201, 500])
    expect(faults).toHaveLength(1)
    expect(engine.handle(signed('GET', 'dbs', 'dbs/a', '/dbs/a')).status).toBe(200)
    expect(engine.handle(signed('GET', 'dbs', 'dbs/b', '/dbs/b')).status).toBe(404)
    engine.close()
  })
})

describe('group commit', () => {
  test('requests that arrive together share a commit, and each has its own answer', async () => {
    const commits = vi.spyOn(Engine.prototype, 'handleAll')
    onTestFinished(() => commits.mockRestore())
    const { container } = await emptyContainer()
    const ids = Array.from({ length: 40 }, (_, index) => `i${index}`)
    await Promise.all(ids.map((id) => container.items.create({ id: `first-${id}`, pk: 'x' })))
    commits.mockClear()
    const answers = await Promise.all(ids.map((id) => container.items.create({ id, pk: 'x' })))
    expect(answers.map(({ resource }) => resource?.id)).toEqual(ids)
    const sizes = commits.mock.calls.map(([requests]) => requests.length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(40)
    expect(sizes.length).toBeLessThan(20)
  })
})

describe('the data folder', () => {
  test('keeps all over a restart, indexes, times to live and etags too', async () => {
    const data = await temporaryFolder()
    const indexingPolicy = { includedPaths: [{ path: '/n/?' }], excludedPaths: [{ path: '/*' }] }
    const first = await startCosmos({ data })
    const client = clientOf(first)
    const { database } = await client.databases.create({ id: 'd' })
    const { container } = await database.containers.create({ id: 'c', partitionKey: '/pk', indexingPolicy })
    const { etag } = await container.items.create({ id: 'a', pk: 'x', n: 1 })
    client.dispose()
    await first.close()
    const { client: again } = await startTestCosmos({ data })
    const same = again.database('d').container('c')
    expect((await same.item('a', 'x').read()).etag).toBe(etag)
    expect((await same.read()).resource).toMatchObject({ indexingPolicy })
    const replaced = await same
      .item('a', 'x')
      .replace({ id: 'a', pk: 'x' }, { accessCondition: { type: 'IfMatch', condition: etag } })
    expect(replaced.etag > etag).toBe(true)
  })

  test('is used by one process only', async () => {
    const data = await temporaryFolder()
    await startTestCosmos({ data })
    await expect(startCosmos({ data })).rejects.toThrow(`the data folder ${data} is in use by another process`)
  })
})
