import { systemClock } from '@flotilla/decider/clock'
import { Client } from 'undici'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { createHealth } from '../src/probes.ts'
import { type OrderServer, orderServer } from './order-server.ts'

let server: OrderServer
afterEach(() => server.close())

test('a replica is not ready before what it waits for has settled, however it ended', async () => {
  const health = createHealth()
  server = await orderServer({ health })
  const ready = async () => (await server.app.inject('/health/ready')).statusCode
  const [keys, more] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  health.waitFor(keys.promise)
  health.waitFor(more.promise)
  health.started()
  expect([await ready(), (await server.app.inject('/health/startup')).statusCode]).toEqual([503, 200])
  keys.resolve()
  await keys.promise
  expect(await ready()).toBe(503)
  more.reject(new Error('never to be had'))
  await expect.poll(ready).toBe(200)
})

test('a draining server ends kept connections by answers, so that none is cut under a request', async () => {
  const health = createHealth()
  health.started()
  server = await orderServer({ health, limits: { lingerMs: 10_000 } })
  const origin = await server.app.listen({ port: 0, host: '127.0.0.1' })
  const client = new Client(origin)
  onTestFinished(() => client.destroy())
  const ready = async () => (await client.request({ method: 'GET', path: '/health/live' })).body.text()
  await ready()
  health.draining()
  const closed = server.app.close()
  await ready()
  await closed
  await expect(ready()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a client that keeps its connection and says nothing does not keep a draining server', async () => {
  const health = createHealth()
  server = await orderServer({ health, clock: systemClock, limits: { lingerMs: 50 } })
  const origin = await server.app.listen({ port: 0, host: '127.0.0.1' })
  const client = new Client(origin)
  onTestFinished(() => client.destroy())
  await (await client.request({ method: 'GET', path: '/health/live' })).body.text()
  health.draining()
  await server.app.close()
  await expect.poll(() => client.stats.connected).toBe(false)
})
