import { describe, expect, test } from 'vitest'
import { Engine } from '../src/engine/engine.ts'
import { emptyContainer } from './cosmos.ts'
import { signed } from './signed.ts'

function clock() {
  let time = 1_700_000_000_000
  return { now: () => time, pass: (seconds: number) => (time += seconds * 1000) }
}

describe('time to live', () => {
  test('of the container or of the item itself: what has expired is gone from reads and queries', async () => {
    const { now, pass } = clock()
    const { container } = await emptyContainer({ defaultTtl: 10 }, { now })
    await container.items.create({ id: 'default', pk: 'x' })
    await container.items.create({ id: 'short', pk: 'x', ttl: 5 })
    await container.items.create({ id: 'never', pk: 'x', ttl: -1 })
    const ids = async () => (await container.items.query('SELECT VALUE c.id FROM c').fetchAll()).resources
    expect(await ids()).toEqual(['default', 'short', 'never'])
    pass(5)
    expect(await ids()).toEqual(['default', 'never'])
    expect((await container.item('short', 'x').read()).statusCode).toBe(404)
    expect((await container.items.create({ id: 'short', pk: 'x' })).statusCode).toBe(201)
    pass(5)
    expect(await ids()).toEqual(['never', 'short'])
    expect((await container.items.query('SELECT VALUE COUNT(1) FROM c').fetchAll()).resources).toEqual([2])
  })

  test('begins anew with each write, and a patch can set it', async () => {
    const { now, pass } = clock()
    const { container } = await emptyContainer({ defaultTtl: -1 }, { now })
    const item = container.item('a', 'x')
    await container.items.create({ id: 'a', pk: 'x', ttl: 10 })
    pass(9)
    await item.replace({ id: 'a', pk: 'x', ttl: 10 })
    pass(9)
    expect((await item.read()).statusCode).toBe(200)
    await item.patch([{ op: 'set', path: '/ttl', value: 2 }])
    pass(2)
    expect((await item.read()).statusCode).toBe(404)
  })

  test('means nothing where the container has none, until it gets one', async () => {
    const { now, pass } = clock()
    const { container } = await emptyContainer({}, { now })
    await container.items.create({ id: 'a', pk: 'x', ttl: 1 })
    await container.items.create({ id: 'b', pk: 'x' })
    pass(100)
    const ids = async () => (await container.items.query('SELECT VALUE c.id FROM c').fetchAll()).resources
    expect(await ids()).toEqual(['a', 'b'])
    await container.replace({ id: 'c', partitionKey: { paths: ['/pk'] }, defaultTtl: 200 })
    expect(await ids()).toEqual(['b'])
  })

  test('expired items are purged in bounded batches', () => {
    const { now, pass } = clock()
    const engine = new Engine({ now, endpoint: () => '' })
    expect(engine.handle(signed('POST', 'dbs', '', '/dbs', { id: 'd' })).status).toBe(201)
    const declared = { id: 'c', partitionKey: { paths: ['/pk'] }, defaultTtl: 1 }
    expect(engine.handle(signed('POST', 'colls', 'dbs/d', '/dbs/d/colls', declared)).status).toBe(201)
    for (let index = 0; index < 25; index += 1) {
      const item = signed('POST', 'docs', 'dbs/d/colls/c', '/dbs/d/colls/c/docs', { id: `${index}`, pk: 'x' })
      expect(engine.handle(item).status).toBe(201)
    }
    expect(engine.purge(10)).toBe(0)
    pass(1)
    expect([engine.purge(10), engine.purge(10), engine.purge(10), engine.purge(10)]).toEqual([10, 10, 5, 0])
    engine.close()
  })
})
