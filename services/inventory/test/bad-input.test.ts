import { flawsOf } from '@flotilla/host/testing'
import { describe, expect, it } from 'vitest'
import { isNew, startInventory, stored, tea } from './stocking.ts'

const item = '/api/v1/stock/TEA-1'
const put = `PUT ${item}`
const receive = `POST ${item}/receipts`

describe('bad input is refused by name, and stores nothing', () => {
  const body = (change: object) => ({ body: { ...tea, ...change }, headers: isNew })
  it.each<[string, string, object, number, string[]]>([
    ['no body', put, { headers: isNew }, 400, ['#']],
    ['broken JSON', put, { body: '{', headers: isNew }, 400, ['#']],
    ['a key that is not known', put, body({ available: 5 }), 400, ['#/available']],
    ['a price of 0', put, body({ price: 0 }), 400, ['#/price']],
    ['a fraction of a cent', put, body({ price: 0.5 }), 400, ['#/price']],
    ['no currency there is', put, body({ currency: 'EURO' }), 400, ['#/currency']],
    ['an empty name', put, body({ name: '' }), 400, ['#/name']],
    ['a blank name', put, body({ name: '  ' }), 400, ['#/name']],
    ['a name with a control character', put, body({ name: 'tea\u0000' }), 400, ['#/name']],
    ['a name with half a character', put, body({ name: 'tea\ud83d' }), 400, ['#/name']],
    ['a name that was not UTF-8', put, body({ name: 'tea \ufffd' }), 400, ['#/name']],
    ['a name too long', put, body({ name: 'x'.repeat(201) }), 400, ['#/name']],
    ['all at once', put, body({ name: 1, price: 'x', currency: 3 }), 400, ['#/name', '#/price', '#/currency']],
    ['a SKU of a wrong form', 'PUT /api/v1/stock/-tea', body({}), 400, ['sku']],
    ['a SKU too long', `PUT /api/v1/stock/${'x'.repeat(65)}`, body({}), 400, ['sku']],
    ['a receipt without a key', receive, { body: { quantity: 1 } }, 400, ['idempotency-key']],
    ['a receipt of nothing', receive, { body: { quantity: 0 }, key: 'k' }, 400, ['#/quantity']],
    ['a receipt of too much', receive, { body: { quantity: 1_000_001 }, key: 'k' }, 400, ['#/quantity']],
    ['a receipt of what is not listed', receive, { body: { quantity: 1 }, key: 'k' }, 404, []],
    ['a limit of 0', 'GET /api/v1/stock?limit=0', {}, 400, ['limit']],
    ['a limit of 201', 'GET /api/v1/stock?limit=201', {}, 400, ['limit']],
    ['a cursor that is no SKU', 'GET /api/v1/stock?cursor=%20', {}, 400, ['cursor']],
    ['no token', put, { ...body({}), headers: { ...isNew, authorization: undefined } }, 401, ['authorization']],
    ['a token to read only', put, { ...body({}), scopes: 'stock.read' }, 403, []],
    ['a receipt by a token to read only', receive, { body: { quantity: 1 }, key: 'k', scopes: 'stock.read' }, 403, []],
    ['an announcement by a token to read only', 'POST /api/v1/stock/announce', { scopes: 'stock.read' }, 403, []],
    ['another method', `DELETE ${item}`, {}, 405, []],
    [
      'another content type',
      put,
      { ...body({}), headers: { ...isNew, 'content-type': 'text/plain' } },
      415,
      ['content-type'],
    ],
  ])('%s', async (_what, route, ask, status, flaws) => {
    const inventory = await startInventory()
    const answer = await inventory.ask(route, ask)
    expect(answer.status).toBe(status)
    expect(flawsOf(answer)).toEqual(flaws)
    expect(Object.values(stored(inventory))).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect(inventory.broker.taken).toEqual([])
  })
})
