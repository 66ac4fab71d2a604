import { describe, expect, test } from 'vitest'
import { emptyContainer, refusalOf, startTestCosmos } from './cosmos.ts'

describe('databases and containers', () => {
  test('are created once, read, listed, found by query and deleted with all that is in them', async () => {
    const { client } = await startTestCosmos()
    const first = await client.databases.createIfNotExists({ id: 'one' })
    expect(first.statusCode).toBe(201)
    expect((await client.databases.createIfNotExists({ id: 'one' })).statusCode).toBe(200)
    expect(await refusalOf(client.databases.create({ id: 'one' }))).toMatchObject({ code: 409 })
    const { container, statusCode } = await first.database.containers.createIfNotExists({
      id: 'c',
      partitionKey: '/pk',
      defaultTtl: 60,
    })
    expect(statusCode).toBe(201)
    expect((await container.read()).resource).toMatchObject({
      id: 'c',
      defaultTtl: 60,
      partitionKey: { paths: ['/pk'], kind: 'Hash' },
    })
    expect((await first.database.containers.createIfNotExists({ id: 'c', partitionKey: '/pk' })).statusCode).toBe(200)
    expect((await first.database.containers.readAll().fetchAll()).resources.map(({ id }) => id)).toEqual(['c'])
    await client.databases.create({ id: 'two' })
    const parameters = [{ name: '@id', value: 'two' }]
    const { resources } = await client.databases
      .query({ query: 'SELECT * FROM root r WHERE r.id = @id', parameters })
      .fetchAll()
    expect(resources.map(({ id }) => id)).toEqual(['two'])
    await container.items.create({ id: 'a', pk: 'x' })
    await first.database.delete()
    expect(await refusalOf(container.read())).toMatchObject({ code: 404 })
    await client.databases.create({ id: 'one' })
    await client.database('one').containers.create({ id: 'c', partitionKey: '/pk' })
    expect((await container.item('a', 'x').read()).statusCode).toBe(404)
  })

  test('a container keeps its partition key when it is replaced, and takes another time to live and other indexes', async () => {
    const { container } = await emptyContainer()
    const { resource } = await container.read()
    const indexingPolicy = { includedPaths: [{ path: '/a/b/?' }], excludedPaths: [{ path: '/*' }] }
    await container.replace({ ...resource, id: 'c', partitionKey: { paths: ['/pk'] }, defaultTtl: 5, indexingPolicy })
    expect((await container.read()).resource).toMatchObject({ defaultTtl: 5, indexingPolicy })
    const moved = container.replace({ id: 'c', partitionKey: { paths: ['/other'] } })
    expect(await refusalOf(moved)).toMatchObject({ code: 400, message: expect.stringContaining('partition key') })
  })

  test.each([
    [{ uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/a'] }] } }, 'uniqueKeyPolicy'],
    [{ computedProperties: [{ name: 'a', query: 'SELECT VALUE 1 FROM c' }] }, 'computedProperties'],
    [{ defaultTtl: 0 }, 'defaultTtl'],
    [{ partitionKey: { paths: ['pk'] } }, "path 'pk'"],
    [{ indexingPolicy: { includedPaths: [{ path: '/a' }] } }, "indexing path '/a'"],
  ])('a container with %j is refused by name', async (settings, name) => {
    const { client } = await startTestCosmos()
    const { database } = await client.databases.create({ id: 'd' })
    const creating = database.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] }, ...settings })
    expect(await refusalOf(creating)).toMatchObject({ code: 400, message: expect.stringContaining(name) })
  })
})

describe('an item', () => {
  test('is created, read, replaced, upserted and deleted, with its system properties', async () => {
    const { container } = await emptyContainer({}, { now: () => 1_700_000_000_500 })
    const {
      resource: created,
      statusCode,
      etag,
      requestCharge,
    } = await container.items.create({ id: 'a', pk: 'x', v: 1 })
    expect(statusCode).toBe(201)
    expect(requestCharge).toBeGreaterThan(5)
    expect(created).toEqual({
      id: 'a',
      pk: 'x',
      v: 1,
      _rid: expect.any(String),
      _self: expect.stringMatching(/^dbs\/.+\/colls\/.+\/docs\/.+\/$/),
      _etag: etag,
      _attachments: 'attachments/',
      _ts: 1_700_000_000,
    })
    const item = container.item('a', 'x')
    expect(await item.read()).toMatchObject({ statusCode: 200, resource: created, etag, requestCharge: 1 })
    expect(await refusalOf(container.items.create({ id: 'a', pk: 'x' }))).toMatchObject({ code: 409 })
    const replaced = await item.replace({ id: 'a', pk: 'x', v: 2 })
    expect(replaced.resource).toMatchObject({ v: 2, _rid: created?._rid })
    expect(replaced.etag).not.toBe(etag)
    expect((await container.items.upsert({ id: 'a', pk: 'x', v: 3 })).statusCode).toBe(200)
    expect((await container.items.upsert({ id: 'b', pk: 'x', v: 3 })).statusCode).toBe(201)
    expect((await item.delete()).statusCode).toBe(204)
    expect(await item.read()).toMatchObject({ statusCode: 404, resource: undefined })
    expect(await refusalOf(item.delete())).toMatchObject({ code: 404 })
    expect(await refusalOf(item.replace({ id: 'a', pk: 'x' }))).toMatchObject({ code: 404 })
  })

  test('of the same id may be in every partition', async () => {
    const { container } = await emptyContainer()
    for (const pk of ['x', 'y', 1, '1', true, null]) await container.items.create({ id: 'a', pk, of: String(pk) })
    await container.items.create({ id: 'a', of: 'none' })
    expect((await container.item('a', 1).read()).resource).toMatchObject({ pk: 1 })
    expect((await container.item('a', '1').read()).resource).toMatchObject({ pk: '1' })
    expect((await container.item('a', null as unknown as string).read()).resource).toMatchObject({ of: 'null' })
    expect((await container.item('a', undefined).read()).resource).toMatchObject({ of: 'none' })
    expect((await container.items.readAll().fetchAll()).resources).toHaveLength(7)
  })

  test('is found by a nested and by a hierarchical partition key', async () => {
    const { client } = await emptyContainer()
    const { database } = await client.databases.createIfNotExists({ id: 'd' })
    const { container: nested } = await database.containers.create({
      id: 'n',
      partitionKey: { paths: ['/at/"the place"'] },
    })
    await nested.items.create({ id: 'a', at: { 'the place': 'here' } })
    expect((await nested.item('a', 'here').read()).resource).toMatchObject({ id: 'a' })
    const paths = ['/tenant', '/user']
    const { container } = await database.containers.create({
      id: 'h',
      partitionKey: { paths, kind: 'MultiHash' as never, version: 2 },
    })
    for (const [tenant, user] of [
      ['t', 'u1'],
      ['t', 'u2'],
      ['t2', 'u1'],
    ])
      await container.items.create({ id: 'a', tenant, user })
    expect((await container.item('a', ['t', 'u2']).read()).resource).toMatchObject({ user: 'u2' })
    const query = 'SELECT VALUE c.user FROM c'
    expect((await container.items.query(query, { partitionKey: ['t'] }).fetchAll()).resources).toEqual(['u1', 'u2'])
    expect((await container.items.query(query, { partitionKey: ['t', 'u1'] }).fetchAll()).resources).toEqual(['u1'])
  })

  test('keeps what clients write, whatever its names and characters', async () => {
    const { container } = await emptyContainer()
    const odd = {
      id: 'ä b%"\'',
      pk: 'é/?#',
      text: '\u2028 \u{1F600} \0 "',
      'a.b': { '': [null, 1.5e-9, 2 ** 53] },
      constructor: 1,
      toString: 2,
    }
    await container.items.create(odd)
    expect((await container.item(odd.id, odd.pk).read()).resource).toMatchObject(odd)
  })

  test.each([
    { id: 'a/b', pk: 'x' },
    { id: 'a'.repeat(1024), pk: 'x' },
    { id: 7, pk: 'x' },
    { id: 'a', pk: { not: 'primitive' } },
    { id: 'a', pk: 'x', ttl: 0 },
    { id: 'a', pk: 'x', ttl: 'soon' },
    { id: 'a', pk: 'x', deep: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) },
  ])('that is wrong is refused and not stored, case %#', async (body) => {
    const { container } = await emptyContainer()
    // In bulk, because the client itself checks what is created alone.
    const [answer] = await container.items.bulk([
      { operationType: 'Create', partitionKey: 'x', resourceBody: body as unknown as { id: string } },
    ])
    expect(answer).toMatchObject({ statusCode: 400, message: expect.stringMatching(/.{10}/) })
    expect((await container.items.readAll().fetchAll()).resources).toEqual([])
  })

  test('of more than 2 MB is refused with 413, and the connection goes on', async () => {
    const { container } = await emptyContainer()
    const large = (size: number) => ({ id: `i${size}`, pk: 'x', text: 'x'.repeat(size) })
    expect(await refusalOf(container.items.create(large(2 * 1024 * 1024)))).toMatchObject({ code: 413 })
    expect((await container.items.create(large(2_000_000))).statusCode).toBe(201)
  })

  test('must be in the partition that the request names', async () => {
    const { container } = await emptyContainer()
    await container.items.create({ id: 'a', pk: 'x' })
    const { code, error } = await refusalOf(container.item('a', 'x').replace({ id: 'a', pk: 'y' }))
    expect([code, error.substatus]).toEqual([400, 1001])
  })
})

describe('conditions', () => {
  test('a write with an old etag is refused, and so is a create that must be the first', async () => {
    const { container } = await emptyContainer()
    const { etag: old } = await container.items.create({ id: 'a', pk: 'x' })
    const item = container.item('a', 'x')
    const { etag } = await item.replace({ id: 'a', pk: 'x', v: 2 })
    const ifMatch = (condition: string) => ({ accessCondition: { type: 'IfMatch', condition } })
    expect(await refusalOf(item.replace({ id: 'a', pk: 'x', v: 3 }, ifMatch(old)))).toMatchObject({ code: 412 })
    expect(await refusalOf(item.delete(ifMatch(old)))).toMatchObject({ code: 412 })
    expect(await refusalOf(container.items.upsert({ id: 'a', pk: 'x' }, ifMatch(old)))).toMatchObject({ code: 412 })
    expect((await container.items.upsert({ id: 'new', pk: 'x' }, ifMatch(old))).statusCode).toBe(201)
    const first = { accessCondition: { type: 'IfNoneMatch', condition: '*' } }
    expect(await refusalOf(container.items.upsert({ id: 'a', pk: 'x' }, first))).toMatchObject({ code: 412 })
    expect((await container.items.upsert({ id: 'b', pk: 'x' }, first)).statusCode).toBe(201)
    expect((await item.replace({ id: 'a', pk: 'x', v: 3 }, ifMatch(etag))).statusCode).toBe(200)
  })

  test('a read that knows the etag is answered with 304', async () => {
    const { container } = await emptyContainer()
    const { etag } = await container.items.create({ id: 'a', pk: 'x' })
    const known = { accessCondition: { type: 'IfNoneMatch', condition: etag } }
    expect((await container.item('a', 'x').read(known)).statusCode).toBe(304)
    await container.item('a', 'x').replace({ id: 'a', pk: 'x' })
    expect((await container.item('a', 'x').read(known)).statusCode).toBe(200)
  })

  test('exactly one of 20 concurrent replaces of one version wins, round after round', async () => {
    const { container } = await emptyContainer()
    await container.items.create({ id: 'a', pk: 'x', winner: -1 })
    for (let round = 0; round < 5; round += 1) {
      const { etag } = await container.item('a', 'x').read()
      const attempts = await Promise.allSettled(
        Array.from({ length: 20 }, (_, winner) =>
          container
            .item('a', 'x')
            .replace({ id: 'a', pk: 'x', winner }, { accessCondition: { type: 'IfMatch', condition: etag } }),
        ),
      )
      const winners = attempts.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
      expect(winners).toHaveLength(1)
      expect(attempts.filter((each) => each.status === 'rejected' && each.reason.code === 412)).toHaveLength(19)
      expect((await container.item('a', 'x').read()).resource).toMatchObject({ winner: winners[0] })
    }
  })

  test('an etag never comes back, not even when the item was deleted and created again', async () => {
    const { container } = await emptyContainer()
    const etags = new Set<string>()
    for (let round = 0; round < 3; round += 1) {
      etags.add((await container.items.create({ id: 'a', pk: 'x' })).etag)
      await container.item('a', 'x').delete()
    }
    expect(etags.size).toBe(3)
  })
})
