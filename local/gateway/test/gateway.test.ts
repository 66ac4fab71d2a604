import { expect, test } from 'vitest'
import { type Echo, gateway, problem, replica, token } from './fleet.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test.each([
  ['/api/v1/orders', 'order'],
  ['/api/v1/orders/1/timeline?a=b%20c', 'order'],
  ['/api/v1/stock/SKU%2F1', 'inventory'],
  ['/api/v1/payments/1', 'payment'],
  ['/api/v1/notifications?orderId=1', 'notification'],
])('%s goes to %s with its path as it is', async (path, service) => {
  const { url } = await gateway()
  const response = await fetch(url + path, { headers: token })
  expect(await response.json()).toMatchObject({ service, method: 'GET', url: path, body: '' })
})

test.each(['/', '/api/v1/ordersx', '/api/v2/orders', '/api/v1', '/health/live', '/%'])(
  '%s goes nowhere',
  async (path) => {
    const { url } = await gateway()
    const { status, media, body } = await problem(await fetch(url + path, { headers: token }))
    expect(media).toBe('application/problem+json')
    expect(status).toBe(path === '/%' ? 400 : 404)
    expect(body).toMatchObject({
      status,
      type: expect.stringMatching(/^urn:flotilla:problem:(not-found|bad-request)$/),
    })
  },
)

test('a body and its headers arrive as they were sent, without what belongs to one hop', async () => {
  const { url } = await gateway()
  const response = await fetch(`${url}/api/v1/orders`, {
    method: 'POST',
    body: '{"lines":[]}',
    headers: {
      ...token,
      'content-type': 'application/json',
      'idempotency-key': 'k',
      te: 'trailers',
      'proxy-authorization': 'Basic x',
      'x-forwarded-for': '6.6.6.6',
      forwarded: 'for=6.6.6.6',
    },
  })
  const { headers, ...seen } = (await response.json()) as Echo
  expect(seen).toMatchObject({ service: 'order', method: 'POST', body: '{"lines":[]}' })
  expect(headers).toMatchObject({
    ...token,
    'idempotency-key': 'k',
    'content-type': 'application/json',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': new URL(url).host,
  })
  for (const name of ['te', 'proxy-authorization', 'forwarded', 'transfer-encoding'])
    expect(headers).not.toHaveProperty(name)
})

test('every method and an answer of many parts pass through', async () => {
  const parts = Array.from({ length: 200 }, (_, index) => `${index} `.repeat(1000))
  const order = await replica((request, response) => {
    response.writeHead(request.method === 'DELETE' ? 204 : 200, {
      'set-cookie': ['a=1', 'b=2'],
      etag: '"1"',
      'x-hop': '1',
      connection: 'x-hop',
    })
    for (const part of request.method === 'GET' ? parts : []) response.write(part)
    response.end()
  })
  const { url } = await gateway({ order: [order.url] })
  const response = await fetch(`${url}/api/v1/orders`, { headers: token })
  expect(await response.text()).toBe(parts.join(''))
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect([response.headers.get('etag'), response.headers.get('x-hop')]).toEqual(['"1"', null])
  for (const [method, status] of [
    ['HEAD', 200],
    ['DELETE', 204],
    ['PUT', 200],
    ['PATCH', 200],
  ] as const) {
    expect((await fetch(`${url}/api/v1/orders`, { method, headers: token })).status).toBe(status)
  }
})

test('a request keeps its trace and its id, or is given them', async () => {
  const { url } = await gateway()
  const own = { ...token, traceparent, tracestate: 'a=b', 'x-request-id': 'r-1' }
  const kept = await fetch(`${url}/api/v1/orders`, { headers: own })
  expect(((await kept.json()) as Echo).headers).toMatchObject({ traceparent, tracestate: 'a=b', 'x-request-id': 'r-1' })
  expect(kept.headers.get('x-request-id')).toBe('r-1')
  const bad = { ...token, traceparent: 'nonsense', tracestate: 'a=b', 'x-request-id': 'has spaces' }
  const given = await fetch(`${url}/api/v1/orders`, { headers: bad })
  const { headers } = (await given.json()) as Echo
  expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  expect(headers).not.toHaveProperty('tracestate')
  expect(given.headers.get('x-request-id')).toBe(headers['x-request-id'])
})

test('a request without a token is refused before it is forwarded', async () => {
  let asked = 0
  const order = await replica((_request, response) => response.end(String(asked++)))
  const { url } = await gateway({ order: [order.url] })
  for (const headers of [{}, { authorization: 'Basic x' }, { authorization: 'Bearer ' }]) {
    const response = await fetch(`${url}/api/v1/orders`, {
      headers: { ...headers, traceparent } as Record<string, string>,
    })
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
    const traceId = traceparent.slice(3, 35)
    const errors = [{ header: 'authorization', detail: 'must be: Bearer <token>' }]
    expect(await problem(response)).toMatchObject({
      status: 401,
      body: { instance: '/api/v1/orders', traceId, errors },
    })
  }
  expect(asked).toBe(0)
})

test('one subscriber that sends too much is told when to come again, and harms no other', async () => {
  let now = 0
  const { url } = await gateway({}, { rateLimit: 2, now: () => now })
  const ask = (name: string) => fetch(`${url}/api/v1/orders`, { headers: { authorization: `Bearer ${name}` } })
  expect([(await ask('ada')).status, (await ask('ada')).status]).toEqual([200, 200])
  now += 20_000
  const refused = await ask('ada')
  expect(refused.headers.get('retry-after')).toBe('40')
  expect(await problem(refused)).toMatchObject({ status: 429, media: 'application/problem+json' })
  expect((await ask('grace')).status).toBe(200)
  now += 40_000
  expect((await ask('ada')).status).toBe(200)
})

test('a body over the limit is refused, told or untold', async () => {
  const { url } = await gateway()
  const post = (body: NonNullable<RequestInit['body']>) =>
    fetch(`${url}/api/v1/orders`, { method: 'POST', headers: token, body, duplex: 'half' } as RequestInit)
  expect((await post('x'.repeat(65_536))).status).toBe(200)
  expect(await problem(await post('x'.repeat(65_537)))).toMatchObject({ status: 413 })
  const stream = (parts: number) =>
    new ReadableStream({
      start(controller) {
        for (let part = 0; part < parts; part++) controller.enqueue(new Uint8Array(8192).fill(120))
        controller.close()
      },
    })
  const echoed = (await (await post(stream(8))).json()) as Echo
  expect(echoed.body).toHaveLength(65_536)
  expect(await problem(await post(stream(9)))).toMatchObject({
    status: 413,
    body: { type: 'urn:flotilla:problem:body-too-large' },
  })
})
