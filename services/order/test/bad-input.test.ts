import { type Asker, flawsOf } from '@flotilla/host/testing'
import { describe, expect, it } from 'vitest'
import { newKey, place, placement, startWithPrices, stored } from './ordering.ts'

const lines = (count: number) => Array.from({ length: count }, (_, index) => ({ sku: `SKU-${index}`, quantity: 1 }))
const with_ = (change: object) => ({ body: { ...placement, ...change }, key: 'k' })
const quantity = (quantity: unknown) => with_({ lines: [{ sku: 'TEA-1', quantity }] })
const sku = (sku: unknown) => with_({ lines: [{ sku, quantity: 1 }] })

type Ask = NonNullable<Parameters<Asker>[1]>

describe('a placement that is not valid is refused by name, and stores nothing', () => {
  it.each<[string, Ask, number, string[]]>([
    ['no body', { key: 'k' }, 400, ['#']],
    ['an empty body', { body: '', key: 'k' }, 400, ['#']],
    ['broken JSON', { body: '{"lines":', key: 'k' }, 400, ['#']],
    ['a body that is no object', { body: [], key: 'k' }, 400, ['#']],
    ['a body that is null', { body: 'null', key: 'k' }, 400, ['#']],
    ['an empty object', { body: {}, key: 'k' }, 400, ['#/lines', '#/paymentMethod', '#/contact']],
    ['another content type', { ...with_({}), headers: { 'content-type': 'text/plain' } }, 415, ['content-type']],
    ['no content type', { ...with_({}), headers: { 'content-type': undefined } }, 415, ['content-type']],
    ['a key that is not known', with_({ discount: 1 }), 400, ['#/discount']],
    [
      'a key that is not known in a line',
      with_({ lines: [{ sku: 'TEA-1', quantity: 1, price: 1 }] }),
      400,
      ['#/lines/0/price'],
    ],
    ['lines that are no list', with_({ lines: 'TEA-1' }), 400, ['#/lines']],
    ['no lines', with_({ lines: [] }), 400, ['#/lines']],
    ['51 lines', with_({ lines: lines(51) }), 400, ['#/lines']],
    ['a quantity of 0', quantity(0), 400, ['#/lines/0/quantity']],
    ['a quantity of 1001', quantity(1001), 400, ['#/lines/0/quantity']],
    ['a negative quantity', quantity(-1), 400, ['#/lines/0/quantity']],
    ['a fraction', quantity(1.5), 400, ['#/lines/0/quantity']],
    ['a quantity as text', quantity('1'), 400, ['#/lines/0/quantity']],
    ['a SKU of a wrong form', sku('no spaces'), 400, ['#/lines/0/sku']],
    ['a SKU that is a number', sku(1), 400, ['#/lines/0/sku']],
    ['a bad e-mail address', with_({ contact: { email: 'ada' } }), 400, ['#/contact/email']],
    ['no e-mail address', with_({ contact: {} }), 400, ['#/contact/email']],
    [
      'an e-mail address too long',
      with_({ contact: { email: `${'a'.repeat(250)}@example.com` } }),
      400,
      ['#/contact/email'],
    ],
    [
      'an e-mail address with a header in it',
      with_({ contact: { email: 'ada@example.com\r\nBcc: eve@example.com' } }),
      400,
      ['#/contact/email'],
    ],
    ['an empty payment method', with_({ paymentMethod: '' }), 400, ['#/paymentMethod']],
    ['a negative total', with_({ expectedTotal: -1 }), 400, ['#/expectedTotal']],
    ['no Idempotency-Key', { body: placement }, 400, ['idempotency-key']],
    ['an empty Idempotency-Key', { body: placement, headers: { 'idempotency-key': '' } }, 400, ['idempotency-key']],
    ['an Idempotency-Key with a space', { body: placement, key: 'a b' }, 400, ['idempotency-key']],
    ['an Idempotency-Key of 256 characters', { body: placement, key: 'k'.repeat(256) }, 400, ['idempotency-key']],
    [
      'several wrongs at once',
      { body: { ...placement, lines: [], contact: {} } },
      400,
      ['idempotency-key', '#/lines', '#/contact/email'],
    ],
    ['no token', { ...with_({}), headers: { authorization: undefined } }, 401, ['authorization']],
    ['a token without the scope', { ...with_({}), scopes: 'orders.read' }, 403, []],
    ['a body of more than 64 KB', with_({ note: 'x'.repeat(65_536) }), 413, ['#']],
    [
      'a SKU that occurs twice',
      with_({ lines: [placement.lines[0], placement.lines[1], placement.lines[0]] }),
      422,
      ['#/lines/2/sku'],
    ],
    [
      'a SKU that the price list does not know',
      with_({ lines: [placement.lines[0], { sku: 'NOPE', quantity: 1 }] }),
      422,
      ['#/lines/1/sku'],
    ],
    ['two currencies', with_({ lines: [placement.lines[0], { sku: 'MUG-US', quantity: 1 }] }), 422, ['#/lines/1/sku']],
    ['a total that is not the expected one', with_({ expectedTotal: 3399 }), 409, ['#/expectedTotal']],
  ])('%s', async (_what, ask, status, flaws) => {
    const ordering = await startWithPrices()
    const before = stored(ordering)
    const answer = await ordering.ask('POST /api/v1/orders', ask)
    await ordering.clock.settle()
    expect(answer.status).toBe(status)
    expect(flawsOf(answer).sort()).toEqual([...flaws].sort())
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(stored(ordering)).toEqual(before)
    expect(ordering.broker.taken).toEqual([])
  })

  it('and what was sent is never repeated back', async () => {
    const { ask } = await startWithPrices()
    const answer = await ask(
      'POST /api/v1/orders',
      with_({ contact: { email: 'secret-at-example' }, paymentMethod: 'se cret' }),
    )
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).not.toMatch(/secret-at-example|se cret/)
  })

  it('a total beyond exact integers is refused', async () => {
    const { ask, broker, clock } = await startWithPrices()
    const gold = { sku: 'GOLD', version: 1, name: 'Gold', price: Number.MAX_SAFE_INTEGER, currency: 'EUR' }
    await broker.say({ type: 'stock.item-listed.v1', data: gold }, clock.now())
    const answer = await ask('POST /api/v1/orders', with_({ lines: [{ sku: 'GOLD', quantity: 2 }] }))
    expect([answer.status, answer.body.type, flawsOf(answer)]).toEqual([
      422,
      'urn:flotilla:problem:total-too-large',
      ['#/lines'],
    ])
  })

  it('a changed price is a 409 that tells the total of now', async () => {
    const { ask } = await startWithPrices()
    const answer = await ask('POST /api/v1/orders', with_({ expectedTotal: 3399 }))
    expect(answer.body).toMatchObject({
      type: 'urn:flotilla:problem:price-changed',
      status: 409,
      total: 3400,
      currency: 'EUR',
    })
    const again = await ask('POST /api/v1/orders', with_({ expectedTotal: answer.body.total }))
    expect([again.status, again.body.total]).toEqual([202, 3400])
  })

  it('the largest order that is allowed is taken', async () => {
    const ordering = await startWithPrices()
    for (const { sku } of lines(50)) {
      const data = { sku, version: 1, name: sku, price: 1, currency: 'EUR' }
      await ordering.broker.say({ type: 'stock.item-listed.v1', data }, ordering.clock.now())
    }
    const body = { ...placement, lines: lines(50).map((line) => ({ ...line, quantity: 1000 })) }
    const answer = await ordering.ask('POST /api/v1/orders', { body, key: newKey() })
    expect([answer.status, answer.body.total]).toEqual([202, 50_000])
  })
})

describe('what is asked of orders wrongly is refused by name', () => {
  const id = '01900000-0000-7000-8000-000000000001'
  it.each<[string, string, Ask, number, string[]]>([
    ['a limit of 0', 'GET /api/v1/orders?limit=0', {}, 400, ['limit']],
    ['a limit of 101', 'GET /api/v1/orders?limit=101', {}, 400, ['limit']],
    ['two limits', 'GET /api/v1/orders?limit=1&limit=2', {}, 400, ['limit']],
    ['a limit that is no number', 'GET /api/v1/orders?limit=many', {}, 400, ['limit']],
    ['a query that is not known', 'GET /api/v1/orders?page=2', {}, 400, ['page']],
    ['a cursor that no page gave', 'GET /api/v1/orders?cursor=nonsense', {}, 400, ['cursor']],
    ['an empty cursor', 'GET /api/v1/orders?cursor=', {}, 400, ['cursor']],
    ['a cursor of a wrong form', `GET /api/v1/orders?cursor=${btoa('[1,"x"]')}`, {}, 400, ['cursor']],
    ['a cursor before time', `GET /api/v1/orders?cursor=${btoa(`[-1,"${id}"]`)}`, {}, 400, ['cursor']],
    ['a cursor too long', `GET /api/v1/orders?cursor=${'a'.repeat(201)}`, {}, 400, ['cursor']],
    ['an id that is no UUID', 'GET /api/v1/orders/1', {}, 400, ['id']],
    ['a timeline of what is no UUID', 'GET /api/v1/orders/1/timeline', {}, 400, ['id']],
    ['the cancellation of what is no UUID', 'POST /api/v1/orders/1/cancel', { key: 'k' }, 400, ['id']],
    ['a cancellation without a key', `POST /api/v1/orders/${id}/cancel`, {}, 400, ['idempotency-key']],
    ['a list without the scope', 'GET /api/v1/orders', { scopes: 'orders.write' }, 403, []],
    [
      'a cancellation without the scope',
      `POST /api/v1/orders/${id}/cancel`,
      { scopes: 'orders.read', key: 'k' },
      403,
      [],
    ],
    ['a wrong method', 'DELETE /api/v1/orders', {}, 405, []],
    ['a wrong method on an order', `PUT /api/v1/orders/${id}`, { body: {} }, 405, []],
    ['a path that is not there', 'GET /api/v1/order', {}, 404, []],
  ])('%s', async (_what, route, ask, status, flaws) => {
    const ordering = await startWithPrices()
    await place(ordering)
    const answer = await ordering.ask(route, ask)
    expect(answer.status).toBe(status)
    expect(flawsOf(answer)).toEqual(flaws)
    if (status === 405) expect(answer.headers.allow).toBeTruthy()
  })
})
