import { memoryCache } from '@flotilla/host/cache'
import { flawsOf } from '@flotilla/host/testing'
import { describe, expect, it } from 'vitest'
import { isNew, orderIdOf, placed, shelf, startInventory, stock, stored, tea } from './stocking.ts'

const item = '/api/v1/stock/TEA-1'
const put = `PUT ${item}`
const get = `GET ${item}`

describe('an item', () => {
  it('is listed with If-None-Match, and told to the world', async () => {
    const { ask, broker, clock } = await startInventory()
    const answer = await ask(put, { body: tea, headers: isNew })
    expect([answer.status, answer.body]).toEqual([200, { sku: 'TEA-1', ...tea, available: 0, version: 1 }])
    expect((await ask(get)).headers.etag).toBe(answer.headers.etag)
    await clock.settle()
    expect(broker.said('stock.item-listed.v1').map(({ data }) => data)).toEqual([{ sku: 'TEA-1', ...tea, version: 1 }])
  })

  it('is changed with the ETag that was read, and its price told with a higher version', async () => {
    const { ask, broker, clock } = await startInventory()
    await ask(put, { body: tea, headers: isNew })
    const { etag } = (await ask(get)).headers
    const answer = await ask(put, { body: { ...tea, price: 500 }, headers: { 'if-match': etag as string } })
    expect([answer.status, answer.body.version, answer.body.price]).toEqual([200, 2, 500])
    await clock.settle()
    const data = { sku: 'TEA-1', ...tea, price: 500, version: 2 }
    expect(broker.said('stock.price-changed.v1').map((event) => event.data)).toEqual([data])
  })

  it('is changed although some of it was received or reserved since it was read', async () => {
    const inventory = await startInventory()
    const { ask, broker } = inventory
    await stock(inventory, 'TEA-1', 5)
    const { etag } = (await ask(get)).headers
    await broker.deliver(placed(orderIdOf(1), [{ sku: 'TEA-1', quantity: 2 }]))
    const answer = await ask(put, { body: { ...tea, price: 500 }, headers: { 'if-match': etag as string } })
    expect(answer.status).toBe(200)
    expect(shelf(inventory, 'TEA-1')).toEqual({ received: 5, available: 3, reserved: 2, sold: 0 })
  })

  it('put as it is stays at its version, and nobody is told', async () => {
    const { ask, broker, clock } = await startInventory()
    const { etag } = (await ask(put, { body: tea, headers: isNew })).headers
    const answer = await ask(put, { body: tea, headers: { 'if-match': etag as string } })
    expect([answer.status, answer.body.version]).toEqual([200, 1])
    await clock.settle()
    expect(broker.taken).toHaveLength(1)
  })

  it.each([
    ['neither If-Match nor If-None-Match', {}, 428, ['if-match']],
    ['both', { 'if-match': '"1"', ...isNew }, 428, ['if-match']],
    ['an ETag of before', { 'if-match': '"2.0"' }, 412, ['if-match']],
    ['If-None-Match of one that is listed', isNew, 412, ['if-none-match']],
    ['If-Match of no ETag', { 'if-match': 'W/"1"' }, 400, ['if-match']],
    ['If-Match of anything', { 'if-match': '*' }, 400, ['if-match']],
    ['If-None-Match of an ETag', { 'if-none-match': '"1.0"' }, 400, ['if-none-match']],
  ])('is not put with %s', async (_what, headers, status, flaws) => {
    const inventory = await startInventory()
    await stock(inventory, 'TEA-1', 0)
    const before = stored(inventory)
    const answer = await inventory.ask(put, { body: { ...tea, price: 1 }, headers })
    expect([answer.status, flawsOf(answer)]).toEqual([status, flaws])
    expect(stored(inventory)).toEqual(before)
    expect((await inventory.ask(get)).body.price).toBe(450)
  })

  it('that is not listed does not match any ETag', async () => {
    const inventory = await startInventory()
    const answer = await inventory.ask(put, { body: tea, headers: { 'if-match': '"1.0"' } })
    expect([answer.status, flawsOf(answer)]).toEqual([412, ['if-match']])
    expect(stored(inventory)).toMatchObject({ item: 0 })
  })

  it('changed by two at once keeps the change of one, and refuses the other', async () => {
    const { ask } = await startInventory()
    const { etag } = (await ask(put, { body: tea, headers: isNew })).headers
    const prices = [500, 600, 700]
    const answers = await Promise.all(
      prices.map((price) => ask(put, { body: { ...tea, price }, headers: { 'if-match': etag as string } })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    const { body } = await ask(get)
    expect(body.price).toBe(answers.find(({ status }) => status === 200)?.body.price)
  })

  it('listed by two at once is listed once', async () => {
    const { ask } = await startInventory()
    const answers = await Promise.all([1, 2].map(() => ask(put, { body: tea, headers: isNew })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
  })
})

describe('a reader', () => {
  it.each([
    ['the ETag', (etag: string) => etag],
    ['the ETag among others', (etag: string) => `"9.9", ${etag}`],
    ['the ETag as a proxy weakened it', (etag: string) => `W/${etag}`],
  ])('who has %s gets 304', async (_what, have) => {
    const { ask } = await startInventory()
    const { etag } = (await ask(put, { body: tea, headers: isNew })).headers
    const answer = await ask(get, { headers: { 'if-none-match': have(etag as string) } })
    expect([answer.status, answer.body, answer.headers.etag]).toEqual([304, undefined, etag])
    expect(answer.headers['cache-control']).toBe('public, max-age=2')
  })

  it('is never told 304 of stock that has changed since', async () => {
    const inventory = await startInventory()
    await stock(inventory, 'TEA-1', 5)
    const { etag } = (await inventory.ask(get)).headers
    await inventory.broker.deliver(placed(orderIdOf(1), [{ sku: 'TEA-1', quantity: 2 }]))
    const answer = await inventory.ask(get, { headers: { 'if-none-match': etag as string } })
    expect([answer.status, answer.body.available]).toEqual([200, 3])
  })

  it('gets 404 for what is not listed, and the item as soon as it is, through the cache too', async () => {
    const { ask } = await startInventory(undefined, memoryCache)
    expect((await ask(get)).status).toBe(404)
    await ask(put, { body: tea, headers: isNew })
    expect((await ask(get)).status).toBe(200)
  })

  it('sees the whole catalogue by pages, without gaps or repeats', async () => {
    const inventory = await startInventory()
    const skus = Array.from({ length: 25 }, (_, index) => `SKU-${index}`)
    for (const sku of skus) await stock(inventory, sku, 0)
    const found: string[] = []
    let cursor = ''
    do {
      const { body } = await inventory.ask(`GET /api/v1/stock?limit=7${cursor}`)
      found.push(...body.items.map(({ sku }: { sku: string }) => sku))
      cursor = body.next && `&cursor=${body.next}`
    } while (cursor)
    expect(found).toEqual([...skus].sort())
  })
})
