import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { readLine } from '../src/attempts.ts'
import type { LoadPlan } from '../src/in-cluster/plan.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function server(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const listening = createServer(handle).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  ends.push(
    () => listening.closeAllConnections(),
    () => listening.close(),
  )
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

function program(name: string, ...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, '../src/in-cluster', name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  ends.push(() => child.kill('SIGKILL'))
  const { stdout } = child
  if (!stdout) throw new Error('no stdout')
  return { child, lines: createInterface({ input: stdout }), ended: once(child, 'close') }
}

/** What was said of requests, and, last, of their number. */
function readAll(lines: readonly string[]) {
  const said = lines.map(readLine)
  const last = said.pop()
  if (!last || !('placed' in last)) throw new Error('the last line says no number')
  return { requests: said.filter((each) => 'sequence' in each), placed: last.placed }
}

describe('the load', () => {
  const orders = [{ lines: ['one'] }, { lines: ['two'] }]
  const load = async (url: string, identity: string, change: Partial<LoadPlan> = {}) => {
    const plan: LoadPlan = { identity, door: 'gateway', url, perSecond: 200, most: 1_000_000, orders, ...change }
    return program('load.ts', JSON.stringify(plan))
  }
  const issuer = () => server((_, response) => response.end('{"access_token":"a-token"}'))

  it('places its orders in turn, each with a key of its own, and says each', async () => {
    const keys = new Set<unknown>()
    const bodies: string[] = []
    const url = await server(async (request, response) => {
      keys.add(request.headers['idempotency-key'])
      expect(request.headers.authorization).toBe('Bearer a-token')
      bodies.push(await text(request))
      response.writeHead(202).end(`{"id":"order-${bodies.length}"}`)
    })
    const { lines, ended } = await load(url, await issuer(), { most: 20 })
    const said: string[] = []
    for await (const line of lines) said.push(line)
    expect((await ended)[0]).toBe(0)
    const { requests, placed } = readAll(said)
    expect(placed).toBe(20)
    expect(requests.map(({ said }) => said).toSorted()).toEqual(
      Array.from({ length: 20 }, (_, index) => `order-${index + 1}`).toSorted(),
    )
    expect(requests.map(({ sequence }) => sequence).toSorted((one, other) => one - other)).toEqual([
      ...Array(20).keys(),
    ])
    expect(keys.size).toBe(20)
    expect(bodies.filter((body) => body === JSON.stringify(orders[1]))).toHaveLength(10)
  })

  it('says what is refused and what breaks, and repeats nothing', async () => {
    let asked = 0
    const url = await server((request, response) => {
      asked += 1
      if (asked % 2 === 0) request.socket.destroy()
      else response.writeHead(503).end('busy')
    })
    const { lines } = await load(url, await issuer(), { most: 10 })
    const said: string[] = []
    for await (const line of lines) said.push(line)
    const statuses = readAll(said).requests.map(({ status }) => status)
    expect(statuses.toSorted((one, other) => one - other)).toEqual([0, 0, 0, 0, 0, 503, 503, 503, 503, 503])
    expect(asked).toBe(10)
  })

  it('ends at SIGTERM, when what was sent is answered', async () => {
    const waiting: ServerResponse[] = []
    const url = await server((_, response) => {
      waiting.push(response)
    })
    const { child, lines, ended } = await load(url, await issuer())
    while (waiting.length < 5) await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGTERM')
    const answer = setInterval(() => {
      for (const response of waiting.splice(0)) response.writeHead(202).end('{"id":"late"}')
    }, 10)
    ends.push(() => clearInterval(answer))
    const said: string[] = []
    for await (const line of lines) said.push(line)
    expect((await ended)[0]).toBe(0)
    const { requests, placed } = readAll(said)
    expect(requests.length).toBeGreaterThanOrEqual(5)
    expect(requests).toHaveLength(placed)
    expect(new Set(requests.map(({ said }) => said))).toEqual(new Set(['late']))
  })
})

describe('the ear for alerts', () => {
  it('goes on after what is no JSON', async () => {
    const { port } = new URL(await server(() => {}))
    await Promise.all(ends.splice(0).map((end) => end()))
    const { lines } = program('alerts.ts', port)
    const heard: string[] = []
    lines.on('line', (line) => heard.push(line))
    const post = async (body: string) => (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body })).ok
    // Refused until it listens.
    while (!(await post('no JSON').catch(() => false)));
    expect(await post('{}')).toBe(true)
    while (heard.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual(['{"unreadable":"no JSON"}', '{}'])
  })

  it('says each alert on a line of its own', async () => {
    const { port } = new URL(await server(() => {}))
    await Promise.all(ends.splice(0).map((end) => end()))
    const { lines } = program('alerts.ts', port)
    const heard = once(lines, 'line')
    const alert = JSON.stringify({ severity: 'error', message: 'a\nb' }, null, 2)
    const post = async () => (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: alert })).ok
    // Refused until it listens.
    while (!(await post().catch(() => false)));
    expect((await heard)[0]).toBe('{"severity":"error","message":"a\\nb"}')
  })
})
