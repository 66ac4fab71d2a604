import { once } from 'node:events'
import { connect } from 'node:net'
import { systemClock } from '@flotilla/decider/clock'
import { Unavailable } from '@flotilla/decider/store'
import { collectSpans } from '@flotilla/telemetry/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DependencyUnavailable } from '../src/dependency.ts'
import { createOverload } from '../src/overload.ts'
import { createHealth } from '../src/probes.ts'
import { problem } from '../src/problem.ts'
import { goodOrder, type OrderServer, orderServer } from './order-server.ts'

let server: OrderServer
beforeEach(async () => {
  server = await orderServer()
})
afterEach(() => server.close())

test("a handler's problem is told with its extensions and headers", async () => {
  server.state.behave = () => {
    throw problem('price-changed', {
      status: 409,
      detail: 'The total is another.',
      extensions: { total: 42 },
      headers: { etag: '"1"' },
    })
  }
  const answer = await server.post(goodOrder)
  expect(answer.statusCode).toBe(409)
  expect(answer.headers.etag).toBe('"1"')
  expect(answer.json()).toMatchObject({ type: 'urn:flotilla:problem:price-changed', title: 'Price changed', total: 42 })
})

test('a fault of ours tells no internals, and logs them under the same trace id', async () => {
  const collected = collectSpans()
  server.state.behave = () => {
    throw new Error('password of db01 is wrong')
  }
  const answer = await server.post(goodOrder)
  await collected.shutdown()
  expect(answer.statusCode).toBe(500)
  expect(answer.body).not.toContain('db01')
  const logged = server.lines().find((line) => line.level === 'error')
  expect(logged.err.message).toBe('password of db01 is wrong')
  expect(logged.trace_id).toBe(answer.json().traceId)
  expect(logged.trace_id).toMatch(/^[0-9a-f]{32}$/)
})

test("a dependency's fault is a 503 with Retry-After", async () => {
  server.state.behave = () => {
    throw new DependencyUnavailable('azure-sql', 'timeout', new Error('db01'))
  }
  const answer = await server.post(goodOrder)
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2'])
  expect(answer.body).not.toMatch(/sql|db01/)
})

test('a database that is away is a 503 with Retry-After, for reads as for writes', async () => {
  server.state.behave = () => {
    throw new Unavailable('db01 does not answer')
  }
  const answer = await server.post(goodOrder)
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2'])
  expect(answer.body).not.toMatch(/db01/)
})

test('a handler that takes too long is answered for, and its late answer is dropped', async () => {
  await server.close()
  server = await orderServer({ limits: { handlerMs: 20 } })
  const gate = Promise.withResolvers<void>()
  server.state.behave = () => gate.promise
  const answer = await server.post(goodOrder)
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1'])
  gate.resolve()
  await new Promise(setImmediate)
  expect(server.lines().filter((line) => line.msg === 'request')).toHaveLength(1)
  expect(server.raw.join('')).not.toContain('FST_ERR')
})

test('each request is one log line without personal data', async () => {
  const collected = collectSpans()
  const answer = await server.post(goodOrder, { 'x-request-id': 'request-0001' }, '/api/v1/orders?dryRun=true')
  expect(answer.statusCode).toBe(202)
  const traceId = collected.spans()[0]?.spanContext().traceId
  await collected.shutdown()
  const lines = server.lines().filter((line) => line.msg === 'request')
  expect(lines).toEqual([
    expect.objectContaining({
      level: 'info',
      service: 'test',
      method: 'POST',
      route: '/api/v1/orders',
      status: 202,
      duration_ms: expect.any(Number),
      order_id: 'o-1',
      request_id: 'request-0001',
      trace_id: traceId,
      'enduser.id': expect.stringMatching(/^[0-9a-f]{32}$/),
    }),
  ])
  expect(server.raw.join('')).not.toMatch(/ann|dryRun|eyJ/)
})

test('lines that a handler logs carry the request id and the trace', async () => {
  const collected = collectSpans()
  server.state.behave = async () => {
    await new Promise(setImmediate)
    server.logger.info('inside')
  }
  await server.post(goodOrder, { 'x-request-id': 'request-0002' })
  await collected.shutdown()
  const inside = server.lines().find((line) => line.msg === 'inside')
  const request = server.lines().find((line) => line.msg === 'request')
  expect(inside).toMatchObject({ request_id: 'request-0002', trace_id: request.trace_id, span_id: request.span_id })
})

test('a request id that could harm the log is replaced', async () => {
  const given = ['short', 'x'.repeat(200), 'with space inside', 'quote"inside1']
  for (const id of given)
    expect((await server.post(goodOrder, { 'x-request-id': id })).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
})

test("the server span is in the caller's trace and the handler works inside it", async () => {
  const collected = collectSpans()
  const answer = await server.post(goodOrder, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })
  const [span] = collected.spans()
  await collected.shutdown()
  expect(span).toMatchObject({
    name: 'POST /api/v1/orders',
    parentSpanContext: { spanId: 'b'.repeat(16) },
    attributes: { 'http.request.method': 'POST', 'http.route': '/api/v1/orders', 'http.response.status_code': 202 },
  })
  expect(answer.json().traceparent).toBe(`00-${'a'.repeat(32)}-${span?.spanContext().spanId}-01`)
})

test('overload refuses API routes with Retry-After, and never the probes', async () => {
  await server.close()
  let shedding: { reason: string; detail: string; retryAfterSeconds: number } | undefined
  const health = createHealth()
  health.started()
  server = await orderServer({ health, overload: createOverload({ clock: systemClock, check: () => shedding }) })
  expect((await server.post(goodOrder)).statusCode).toBe(202)
  shedding = { reason: 'backlog', detail: 'A new order would miss its deadline.', retryAfterSeconds: 7 }
  const answer = await server.post(goodOrder)
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '7'])
  expect(answer.json().type).toBe('urn:flotilla:problem:overloaded')
  for (const url of ['/health/live', '/health/ready']) expect((await server.app.inject(url)).statusCode).toBe(200)
})

test('probes tell started, draining and the state of each dependency', async () => {
  await server.close()
  const health = createHealth()
  server = await orderServer({ health })
  const status = async (name: string) => (await server.app.inject(`/health/${name}`)).statusCode
  expect([await status('startup'), await status('live'), await status('ready')]).toEqual([503, 200, 503])
  health.started()
  expect([await status('startup'), await status('live'), await status('ready')]).toEqual([200, 200, 200])
  health.draining()
  expect([await status('startup'), await status('live'), await status('ready')]).toEqual([200, 200, 503])
  expect((await server.post(goodOrder)).headers.connection).toBe('close')
  const { dependencies } = (await server.app.inject('/health/deps')).json()
  expect(dependencies).toEqual([
    {
      name: `identity ${new URL(server.issuer.origin).host}`,
      state: 'up',
      breaker: 'closed',
      since: expect.any(String),
    },
  ])
})

test('what is not HTTP gets a problem, too', async () => {
  await server.app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((server.app.server.address() as { port: number }).port, '127.0.0.1')
  socket.setEncoding('utf8').write('hello\r\n\r\n')
  const [answer] = await once(socket, 'data')
  expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\ncontent-type: application\/problem\+json/)
  expect(JSON.parse(answer.split('\r\n\r\n')[1]).status).toBe(400)
  socket.destroy()
})

test('a client that goes away is logged once, as 499', async () => {
  const entered = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  server.state.behave = () => {
    entered.resolve()
    return gate.promise
  }
  await server.app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((server.app.server.address() as { port: number }).port, '127.0.0.1')
  const payload = JSON.stringify(goodOrder)
  const head = [`POST /api/v1/orders HTTP/1.1`, 'host: x', 'content-type: application/json', 'idempotency-key: k']
  socket.write(
    `${head.join('\r\n')}\r\nauthorization: ${server.headers.authorization}\r\ncontent-length: ${payload.length}\r\n\r\n${payload}`,
  )
  await entered.promise
  socket.destroy()
  await expect.poll(() => server.lines().filter((line) => line.msg === 'request aborted').length).toBe(1)
  gate.resolve()
  await new Promise(setImmediate)
  const lines = server.lines().filter((line) => String(line.msg).startsWith('request'))
  expect(lines.map(({ status }) => status)).toEqual([499])
})

test('a HEAD is one request with one span, and 404s are logged without a route', async () => {
  const collected = collectSpans()
  const live = await server.app.inject({ method: 'HEAD', url: '/health/live' })
  expect([live.statusCode, live.body]).toEqual([200, ''])
  await server.app.inject('/nothing?secret=1')
  const names = collected.spans().map((span) => span.name)
  await collected.shutdown()
  expect(names).toEqual(['HEAD /health/live', 'GET'])
  const lines = server.lines().filter((line) => line.msg === 'request')
  expect(lines.map(({ level, route, status }) => [level, route, status])).toEqual([
    ['debug', '/health/live', 200],
    ['info', 'unmatched', 404],
  ])
})
