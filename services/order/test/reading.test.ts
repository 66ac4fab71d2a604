import { flawsOf } from '@flotilla/host/testing'
import { describe, expect, it } from 'vitest'
import { newKey, type Ordering, place, placement, startWithPrices } from './ordering.ts'
import { letPeersAnswer } from './peers.ts'

describe("other people's orders are not there", () => {
  it.each([
    ['reading', (id: string) => `GET /api/v1/orders/${id}`],
    ['the timeline', (id: string) => `GET /api/v1/orders/${id}/timeline`],
    ['cancelling', (id: string) => `POST /api/v1/orders/${id}/cancel`],
  ])('for %s, with the answer for an order that nobody placed', async (_what, route) => {
    const ordering = await startWithPrices()
    const id = await place(ordering, 'ada')
    const nobodys = id.replace(/.{4}$/, id.endsWith('0000') ? '0001' : '0000')
    const [eves, none] = [
      await ordering.ask(route(id), { as: 'eve', key: 'k' }),
      await ordering.ask(route(nobodys), { as: 'eve', key: 'k' }),
    ]
    expect(eves.status).toBe(404)
    const { instance: _1, traceId: _2, ...told } = eves.body
    expect(none.body).toMatchObject(told)
    expect((await ordering.ask(`GET /api/v1/orders/${id}`)).body.status).toBe('placed')
  })

  it('in lists', async () => {
    const ordering = await startWithPrices()
    await place(ordering, 'ada')
    expect((await ordering.ask('GET /api/v1/orders', { as: 'eve' })).body).toEqual({ orders: [] })
  })

  it('nor by the cursor of somebody else', async () => {
    const ordering = await startWithPrices()
    for (let count = 0; count < 3; count += 1) await place(ordering, 'ada')
    const { next } = (await ordering.ask('GET /api/v1/orders?limit=1', { as: 'ada' })).body
    expect((await ordering.ask(`GET /api/v1/orders?cursor=${next}`, { as: 'eve' })).body).toEqual({ orders: [] })
  })
})

async function pages({ ask }: Ordering, limit: number, between?: () => Promise<unknown>): Promise<string[][]> {
  const found: string[][] = []
  let cursor = ''
  do {
    const { status, body } = await ask(`GET /api/v1/orders?limit=${limit}${cursor}`)
    expect(status).toBe(200)
    found.push(body.orders.map(({ id }: { id: string }) => id))
    cursor = body.next && `&cursor=${body.next}`
    await between?.()
  } while (cursor)
  return found
}

describe('a list of orders', () => {
  it.each([1, 2, 5, 7, 10])('pages by cursor without gaps or repeats, %i at a time, newest first', async (limit) => {
    const ordering = await startWithPrices()
    const placed: string[] = []
    for (let count = 0; count < 10; count += 1) {
      placed.unshift(await place(ordering))
      // Some are placed within one millisecond.
      if (count % 3 === 0) await ordering.clock.pass(1)
    }
    const found = await pages(ordering, limit)
    expect(found.flat()).toEqual(placed)
    expect(found).toHaveLength(10 / limit > 1 ? Math.ceil(10 / limit) : 1)
  })

  it('stays whole while new orders are placed', async () => {
    const ordering = await startWithPrices()
    const placed: string[] = []
    for (let count = 0; count < 6; count += 1) placed.unshift(await place(ordering))
    const found = await pages(ordering, 2, async () => {
      await ordering.clock.pass(1)
      await place(ordering)
    })
    expect(found.flat()).toEqual(placed)
  })

  it('is empty for who has placed none', async () => {
    const { ask } = await startWithPrices()
    expect((await ask('GET /api/v1/orders')).body).toEqual({ orders: [] })
  })
})

describe('an order', () => {
  it('is found whatever the case of its id, under the one it has', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    expect((await ordering.ask(`GET /api/v1/orders/${id.toUpperCase()}`)).body.id).toBe(id)
    const cancelled = await ordering.ask(`POST /api/v1/orders/${id.toUpperCase()}/cancel`, { key: 'k' })
    expect(cancelled.body).toEqual({ id, status: 'cancelled' })
    expect(ordering.sqlite.prepare('SELECT count(*) AS n FROM due_work').get()?.n).toBe(0)
  })

  it('never shows payment method or e-mail address', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    const answers = ['', '/timeline'].map((part) => ordering.ask(`GET /api/v1/orders/${id}${part}`))
    expect(JSON.stringify(await Promise.all(answers))).not.toMatch(/ada@|pm_card/)
  })
})

describe('a timeline', () => {
  it('tells a confirmed order from placement to mail', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    await letPeersAnswer(ordering)
    const { body } = await ordering.ask(`GET /api/v1/orders/${id}/timeline`)
    const at = '2026-01-01T00:00:00.000Z'
    expect(body).toEqual({
      orderId: id,
      entries: [
        { at, type: 'Placed' },
        { at, type: 'StockReserved' },
        { at, type: 'PaymentCaptured', amount: 3400 },
        { at, type: 'Confirmed' },
        { at, type: 'NotificationSent', kind: 'order-confirmed' },
      ],
    })
    expect((await ordering.ask(`GET /api/v1/orders/${id}`)).body).toMatchObject({ status: 'confirmed', endedAt: at })
  })

  it('tells an order whose payment was declined, with the reason', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    await letPeersAnswer(ordering, { payment: 'declined' })
    const { entries } = (await ordering.ask(`GET /api/v1/orders/${id}/timeline`)).body
    expect(entries.map(({ at: _, ...entry }: { at: string }) => entry)).toEqual([
      { type: 'Placed' },
      { type: 'StockReserved' },
      { type: 'PaymentDeclined', reason: 'generic_decline' },
      { type: 'Cancelled', reason: 'payment-declined' },
      { type: 'NotificationSent', kind: 'order-cancelled' },
    ])
  })
})

describe('cancelling', () => {
  const cancel = (id: string) => `POST /api/v1/orders/${id}/cancel`

  it('ends a placed order, and says so once', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    const answer = await ordering.ask(cancel(id), { key: newKey() })
    expect([answer.status, answer.body]).toEqual([200, { id, status: 'cancelled' }])
    await ordering.clock.settle()
    const [said] = ordering.broker.said('order.cancelled.v1')
    expect(said?.data).toMatchObject({
      orderId: id,
      reason: 'customer-request',
      paymentDue: false,
      email: placement.contact.email,
    })
    const { body } = await ordering.ask(`GET /api/v1/orders/${id}`)
    expect(body).toMatchObject({ status: 'cancelled', reason: 'customer-request' })
  })

  it('says that payment was due when it was', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    await ordering.broker.say(
      { type: 'stock.reserved.v1', data: { orderId: id, reservedAt: new Date().toISOString() } },
      0,
    )
    await ordering.ask(cancel(id), { key: newKey() })
    await ordering.clock.settle()
    expect(ordering.broker.said('order.cancelled.v1')[0]?.data.paymentDue).toBe(true)
    expect(ordering.broker.taken.at(-1)?.properties).toEqual({ paymentDue: 'true' })
  })

  it('happens once, however often it is asked, with the same key or others', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    const answers = await Promise.all(['a', 'a', 'b', 'a', 'b'].map((key) => ordering.ask(cancel(id), { key })))
    for (const { status, body } of answers) expect([status, body]).toEqual([200, { id, status: 'cancelled' }])
    await ordering.clock.settle()
    expect(ordering.broker.said('order.cancelled.v1')).toHaveLength(1)
  })

  it('needs a key of its own for each order', async () => {
    const ordering = await startWithPrices()
    const [one, other] = [await place(ordering), await place(ordering)]
    expect((await ordering.ask(cancel(one), { key: 'k' })).status).toBe(200)
    const answer = await ordering.ask(cancel(other), { key: 'k' })
    expect([answer.status, flawsOf(answer)]).toEqual([422, ['idempotency-key']])
    expect((await ordering.ask(`GET /api/v1/orders/${other}`)).body.status).toBe('placed')
  })

  it('is refused once the order is confirmed', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    await letPeersAnswer(ordering)
    const answer = await ordering.ask(cancel(id), { key: newKey() })
    expect([answer.status, answer.body.type]).toEqual([409, 'urn:flotilla:problem:already-confirmed'])
    expect((await ordering.ask(`GET /api/v1/orders/${id}`)).body.status).toBe('confirmed')
  })
})
