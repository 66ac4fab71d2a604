import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { type Echo, echo, gateway, nobody, problem, replica, token } from './fleet.ts'

test('a service that nobody serves is a 502 that may be tried again', async () => {
  const { url } = await gateway({ payment: [await nobody()] })
  const response = await fetch(`${url}/api/v1/payments/1`, { headers: token })
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await problem(response)).toMatchObject({ status: 502, media: 'application/problem+json' })
})

test('a service that does not answer in time is a 504', async () => {
  const order = await replica(() => {})
  const { url } = await gateway({ order: [order.url] }, { timeouts: { answer: 100 } })
  const response = await fetch(`${url}/api/v1/orders`, { method: 'POST', headers: token, body: '{}' })
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await problem(response)).toMatchObject({ status: 504, body: { type: 'urn:flotilla:problem:gateway-timeout' } })
})

test('replicas are taken in turn', async () => {
  const [a, b] = [await replica(echo('a')), await replica(echo('b'))]
  const { url } = await gateway({ order: [a.url, b.url] })
  const seen: string[] = []
  for (let turn = 0; turn < 6; turn++) {
    seen.push(((await (await fetch(`${url}/api/v1/orders`, { headers: token })).json()) as Echo).service)
  }
  expect(seen).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
})

test('P7: while one replica refuses connections no request is lost, whatever its method', async () => {
  const alive = await replica(echo('alive'))
  const { url } = await gateway({ order: [await nobody(), alive.url, await nobody()] })
  for (const method of ['POST', 'PUT', 'GET', 'DELETE', 'POST', 'POST']) {
    const body = method === 'GET' || method === 'DELETE' ? null : 'x'.repeat(50_000)
    const response = await fetch(`${url}/api/v1/orders`, { method, headers: token, body })
    expect(await response.json()).toMatchObject({ service: 'alive', method, body: body ?? '' })
  }
})

test('what may have been done is not sent twice: only reads are tried again', async () => {
  const asked: string[] = []
  const broken = await replica((request) => {
    asked.push(`${request.method}`)
    request.socket.destroy()
  })
  const { url } = await gateway({ order: [broken.url, (await replica(echo('well'))).url] })
  const get = await fetch(`${url}/api/v1/orders`, { headers: token })
  expect(await get.json()).toMatchObject({ service: 'well' })
  const post = await fetch(`${url}/api/v1/orders`, { method: 'POST', headers: token, body: '{}' })
  expect([post.status, asked]).toEqual([502, ['GET', 'POST']])
})

test('a service that answers before it has read the body does not cost the client its answer', async () => {
  const order = await replica((_request, response) => response.writeHead(403, { connection: 'close' }).end('no'))
  const { url } = await gateway({ order: [order.url] })
  const headers = { ...token, 'content-length': '60000' }
  const request = httpRequest(`${url}/api/v1/orders`, { method: 'POST', headers })
  request.write('x'.repeat(1000))
  const [response] = await once(request, 'response')
  expect(response.statusCode).toBe(403)
  request.destroy()
})

test('a client that goes away takes its request with it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const order = await replica((_request, response) => {
    response.once('close', resolve)
    arrived.resolve()
  })
  const { url } = await gateway({ order: [order.url] })
  const abort = new AbortController()
  const asked = fetch(`${url}/api/v1/orders`, { headers: token, signal: abort.signal })
  await arrived.promise
  abort.abort()
  await expect(asked).rejects.toThrow()
  await promise
})

test('an answer that breaks off is broken off to the client too', async () => {
  const order = await replica((_request, response) => {
    response.write('half')
    setImmediate(() => response.destroy())
  })
  const { url } = await gateway({ order: [order.url] })
  const response = await fetch(`${url}/api/v1/orders`, { headers: token })
  await expect(response.text()).rejects.toThrow()
})

test('P7: closing answers what is in flight, then ends', async () => {
  const arrived = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const order = await replica(async (_request, response) => {
    arrived.resolve()
    await go.promise
    response.end('done')
  })
  const server = await gateway({ order: [order.url] })
  await fetch(`${server.url}/api/v1/stock`, { headers: token }).then((response) => response.text())
  const asked = fetch(`${server.url}/api/v1/orders`, { headers: token })
  await arrived.promise
  const closed = server.close()
  const isOpen = () =>
    fetch(`${server.url}/health/ready`).then(
      () => true,
      () => false,
    )
  await expect.poll(isOpen).toBe(false)
  go.resolve()
  const response = await asked
  expect([response.headers.get('connection'), await response.text()]).toEqual(['close', 'done'])
  await Promise.race([closed, sleep(2000).then(() => Promise.reject(new Error('the gateway did not close')))])
})

test('P7: a closing gateway ends kept connections by answers, so that none is cut under a request', async () => {
  const server = await gateway({}, { linger: 10_000 })
  let connections = 0
  const client = () => {
    const kept = new Client(server.url).on('connect', () => connections++)
    onTestFinished(() => kept.destroy())
    return async (headers: Record<string, string> = token) => {
      const answer = await kept.request({ method: 'GET', path: '/api/v1/stock', headers })
      await answer.body.text()
      return [answer.statusCode, answer.headers.connection]
    }
  }
  const [ada, bob, stranger] = [client(), client(), client()]
  for (const ask of [ada, bob, stranger]) expect(await ask()).toEqual([200, 'keep-alive'])
  const closed = server.close()
  for (const ask of [ada, bob]) expect(await ask()).toEqual([200, 'close'])
  expect(await stranger({})).toEqual([401, 'close'])
  expect(connections).toBe(3)
  await closed
})
