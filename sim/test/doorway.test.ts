import { flawsOf, testCallers, testLogger } from '@flotilla/host/testing'
import { TestClock } from '@flotilla/host/testing-clock'
import { createHttp } from '@flotilla/inventory/app'
import type { StockRoutes } from '@flotilla/inventory/inbound/http'
import { expect, it, vi } from 'vitest'
import { createDoorway } from '../src/doorway.ts'

/** Needs its `this`, as objects of a class do. */
class Catalogue {
  readonly #process: string
  constructor(process: string) {
    this.#process = process
  }
  async item(sku: string) {
    if (sku === 'GONE-1') return undefined
    const counts = { received: 1, available: 1, reserved: 0, sold: 0 }
    return { sku, name: `as ${this.#process} says`, price: 450, currency: 'EUR', listing: 1, ...counts }
  }
  async page() {
    return []
  }
}

const receive: StockRoutes['handle'] = async ({ command }) => {
  if (command.type !== 'Receive') throw new Error(`a ${command.type} was not expected`)
  return { status: 'accepted', state: { items: new Map(), receipt: command }, events: [] }
}

/** A process of inventory, as far as its HTTP side sees it. */
function start(name: string, now: number, handle = receive) {
  const clock = new TestClock(now)
  const routes = {
    handle,
    cached: new Catalogue(name),
    reads: { item: never, items: never, receipt: never },
    now: clock.now,
    newId: () => `01900000-0000-7000-8000-${String(now).padStart(12, '0')}`,
  }
  return { clock, routes, ...testLogger() }
}

const never = () => new Promise<never>(() => {})

async function openDoorway() {
  const doorway = createDoorway(createHttp)
  await doorway.ready()
  const enter = ({ clock, logger, routes }: ReturnType<typeof start>) =>
    doorway.http({ clock, logger, auth: testCallers }, routes)
  return { ...doorway, enter }
}

const receipt = { key: 'key-1', body: { quantity: 1 } }

it('requests reach the process that came last: its domain, its reads, its clock, its log', async () => {
  const { ask, enter } = await openDoorway()
  const [first, second] = [start('first', 1_000), start('second', 2_000)]
  const server = enter(first)
  expect((await ask('GET /api/v1/stock/TEA-1')).body).toMatchObject({ name: 'as first says' })
  expect((await ask('POST /api/v1/stock/TEA-1/receipts', receipt)).body).toMatchObject({
    id: first.routes.newId(),
    receivedAt: '1970-01-01T00:00:01.000Z',
  })
  expect(enter(second)).toBe(server)
  expect((await ask('GET /api/v1/stock/TEA-1')).body).toMatchObject({ name: 'as second says' })
  expect((await ask('POST /api/v1/stock/TEA-1/receipts', receipt)).body).toMatchObject({
    id: second.routes.newId(),
    receivedAt: '1970-01-01T00:00:02.000Z',
  })
  expect([first.lines.length, second.lines.length]).toEqual([2, 2])
})

it('what is not there, not valid or not allowed is a problem, as in the service itself', async () => {
  const { ask, enter } = await openDoorway()
  enter(start('only', 1_000))
  expect((await ask('GET /api/v1/stock/GONE-1')).body).toMatchObject({
    status: 404,
    detail: 'There is no item with this SKU.',
  })
  expect((await ask('GET /api/v1/shelves')).status).toBe(404)
  expect(flawsOf(await ask('POST /api/v1/stock/TEA-1/receipts', { ...receipt, body: { quantity: 0 } }))).toEqual([
    '#/quantity',
  ])
  expect((await ask('POST /api/v1/stock/TEA-1/receipts', { ...receipt, scopes: 'stock.read' })).status).toBe(403)
})

it('a fault is logged by the process that had it', async () => {
  const { ask, enter } = await openDoorway()
  const life = start('only', 1_000, () => Promise.reject(new Error('the disk is full')))
  enter(life)
  expect((await ask('POST /api/v1/stock/TEA-1/receipts', receipt)).status).toBe(500)
  expect(life.lines.join('')).toContain('the disk is full')
})

it('a request is given up in the time of the process that took it, and no real timer is made', async () => {
  const { ask, enter } = await openDoorway()
  const [slow, other] = [start('slow', 0, never), start('other', 0)]
  let answered = 0
  enter(slow)
  await ask('GET /api/v1/stock/TEA-1')
  const timers = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')]
  const asked = ask('POST /api/v1/stock/TEA-1/receipts', receipt).finally(() => {
    answered += 1
  })
  await slow.clock.pass(14_999)
  enter(other)
  await other.clock.pass(60_000)
  expect(answered).toBe(0)
  await slow.clock.pass(1)
  expect((await asked).status).toBe(503)
  expect(timers.flatMap(({ mock }) => mock.calls)).toEqual([])
  for (const timer of timers) timer.mockRestore()
})

it('a request before the first process is a mistake', async () => {
  const { ask } = await openDoorway()
  await expect(ask('GET /api/v1/stock/TEA-1')).rejects.toThrow('no process was behind this doorway yet')
})
