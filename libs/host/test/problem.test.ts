import { afterEach, beforeEach, expect, test } from 'vitest'
import { goodOrder, type OrderServer, orderServer } from './order-server.ts'

let server: OrderServer
beforeEach(async () => {
  server = await orderServer()
})
afterEach(() => server.close())

test('a good request gets its answer, headers and request id', async () => {
  const answer = await server.post(goodOrder, { 'x-request-id': 'request-0001' })
  expect(answer.statusCode).toBe(202)
  expect(answer.json()).toMatchObject({ lines: 1 })
  expect(answer.headers).toMatchObject({
    location: '/api/v1/orders/o-1',
    'x-request-id': 'request-0001',
    'content-type': 'application/json; charset=utf-8',
  })
})

test('everything that is wrong is named at once, with how to mend it and without repeating it', async () => {
  const answer = await server.post(
    {
      lines: [
        { sku: '', quantity: 0.5 },
        { quantity: 'many', 'a/b~c': 1 },
      ],
      contact: { email: 'nonsense-value' },
      paymentMethod: 'gold',
      price: 1,
    },
    { 'idempotency-key': 'with space' },
    '/api/v1/orders?dryRun=perhaps&foo=1',
  )
  expect(answer.statusCode).toBe(400)
  expect(answer.headers['content-type']).toBe('application/problem+json')
  const document = answer.json()
  expect(document).toMatchObject({
    type: 'urn:flotilla:problem:validation-failed',
    status: 400,
    instance: '/api/v1/orders',
    detail: 'Mend 11 things and send it again; nothing was stored.',
  })
  expect(document.errors).toEqual([
    { query: 'dryRun', detail: 'must be one of "true", "false"' },
    { query: 'foo', detail: 'is not known here: remove it' },
    { header: 'idempotency-key', detail: 'must be 1 to 255 visible ASCII characters, e.g. a UUID' },
    { pointer: '#/lines/0/sku', detail: 'must be at least 1 character long' },
    { pointer: '#/lines/0/quantity', detail: 'must be a whole number, not a fraction' },
    { pointer: '#/lines/1/sku', detail: 'is required: give a string' },
    { pointer: '#/lines/1/quantity', detail: 'must be a number, not a string' },
    { pointer: '#/lines/1/a~1b~0c', detail: 'is not known here: remove it' },
    { pointer: '#/contact/email', detail: 'must be an e-mail address such as ann@example.com' },
    { pointer: '#/paymentMethod', detail: 'must be one of "card", "invoice"' },
    { pointer: '#/price', detail: 'is not known here: remove it' },
  ])
  expect(answer.body).not.toContain('nonsense-value')
})

test.each<[string, number, string, () => ReturnType<OrderServer['post']>]>([
  ['a missing header', 400, 'validation-failed', () => server.post(goodOrder, { 'idempotency-key': '' })],
  ['bad JSON', 400, 'malformed-json', () => server.post('{"lines":')],
  ['a poisoned prototype', 400, 'malformed-json', () => server.post('{"__proto__":{"admin":true}}')],
  ['an empty body', 400, 'malformed-json', () => server.post('')],
  [
    'no JSON',
    415,
    'unsupported-media-type',
    () => server.post('a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
  ],
  ['text', 415, 'unsupported-media-type', () => server.post('hello', { 'content-type': 'text/plain' })],
  ['too much', 413, 'body-too-large', () => server.post({ ...goodOrder, note: 'x'.repeat(70_000) })],
  ['an unknown path', 404, 'not-found', () => server.post(goodOrder, {}, '/api/v1/nothing')],
  ['a bad URL', 400, 'bad-request', () => server.post(goodOrder, {}, '/api/v1/%zz')],
  [
    'another method',
    405,
    'method-not-allowed',
    () => server.app.inject({ method: 'PUT', url: '/api/v1/orders', headers: server.headers }),
  ],
])('%s is a problem with status %i', async (_, status, slug, send) => {
  const answer = await send()
  expect(answer.statusCode).toBe(status)
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(answer.json()).toMatchObject({ type: `urn:flotilla:problem:${slug}`, status, title: expect.any(String) })
  expect(answer.json().detail).toMatch(/\.$/)
  if (status === 405) expect(answer.headers.allow).toBe('POST')
})

test('a request without a body is told to send one', async () => {
  const answer = await server.app.inject({
    method: 'POST',
    url: '/api/v1/orders',
    headers: { ...server.headers, 'idempotency-key': 'k' },
  })
  expect(answer.json().errors).toEqual([
    { pointer: '#', detail: 'is required: send JSON with content-type application/json' },
  ])
})
