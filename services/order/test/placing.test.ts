import { memoryCache } from '@flotilla/host/cache'
import { customerId, flawsOf } from '@flotilla/host/testing'
import { describe, expect, it } from 'vitest'
import { createWorld, databaseFile, newKey, placement, pot, startWithPrices, stored, tea } from './ordering.ts'

const place = 'POST /api/v1/orders'

describe('a placed order', () => {
  it('is answered with 202, its place and its prices, and told to the world once', async () => {
    const { ask, broker, clock } = await startWithPrices()
    const answer = await ask(place, { body: placement, key: newKey() })
    const { id } = answer.body
    expect(answer.status).toBe(202)
    expect(answer.headers.location).toBe(`/api/v1/orders/${id}`)
    expect(answer.body).toEqual({
      id,
      status: 'placed',
      currency: 'EUR',
      total: 2 * tea.price + pot.price,
      lines: [
        { sku: 'TEA-1', quantity: 2, unitPrice: 450 },
        { sku: 'POT-1', quantity: 1, unitPrice: 2500 },
      ],
      placedAt: '2026-01-01T00:00:00.000Z',
      deadline: '2026-01-01T00:10:00.000Z',
    })
    await clock.settle()
    expect(broker.taken).toHaveLength(1)
    expect(broker.said('order.placed.v1').map(({ data }) => data)).toEqual([
      {
        orderId: id,
        customer: customerId('ada'),
        currency: 'EUR',
        total: 3400,
        lines: answer.body.lines,
        placedAt: answer.body.placedAt,
        deadline: answer.body.deadline,
      },
    ])
  })

  it('never has its e-mail address in a message before its end, nor in a log line ever', async () => {
    const { ask, broker, clock, lines } = await startWithPrices()
    await ask(place, { body: placement, key: newKey() })
    await ask(place, { body: { ...placement, lines: [] }, key: newKey() })
    await clock.settle()
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join()).not.toContain('ada@')
    expect(broker.taken.map(({ body }) => body).join()).not.toContain('ada@')
  })
})

describe('P5: an Idempotency-Key makes one order', () => {
  it('of fifty requests at once, each with the same answer', async () => {
    const ordering = await startWithPrices()
    const asks = Array.from({ length: 50 }, () => ordering.ask(place, { body: placement, key: 'once' }))
    const answers = await Promise.all(asks)
    await ordering.clock.settle()
    const [first] = answers
    for (const { status, body, headers } of answers) {
      expect([status, body, headers.location]).toEqual([202, first?.body, first?.headers.location])
    }
    expect(stored(ordering)).toMatchObject({ orders: 1, idempotency_key: 1, due_work: 1 })
    expect(ordering.broker.taken).toHaveLength(1)
  })

  it('of requests to two replicas on one database', async () => {
    const file = databaseFile()
    const one = await startWithPrices(createWorld(file))
    const other = await startWithPrices({ ...createWorld(file), clock: one.clock })
    const asks = Array.from({ length: 20 }, (_, index) =>
      (index % 2 ? one : other).ask(place, { body: placement, key: 'k' }),
    )
    const answers = await Promise.all(asks)
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(202)
    expect(stored(one)).toMatchObject({ orders: 1 })
  })

  it('and the same answer after the order has ended, its price has changed, and its service was started again', async () => {
    const world = createWorld()
    const before = await startWithPrices(world)
    const first = await before.ask(place, { body: placement, key: 'k' })
    await before.ask(`POST /api/v1/orders/${first.body.id}/cancel`, { key: 'c' })
    const data = { ...tea, version: 2, price: 9900 }
    await before.broker.say({ type: 'stock.price-changed.v1', data }, before.clock.now())
    await before.kill()
    const after = await startWithPrices(world)
    const again = await after.ask(place, { body: placement, key: 'k' })
    expect([again.status, again.body, again.headers.location]).toEqual([202, first.body, first.headers.location])
    expect(stored(after)).toMatchObject({ orders: 1 })
  })

  it('whatever the order of the keys in its JSON', async () => {
    const ordering = await startWithPrices()
    const { contact, lines, paymentMethod } = placement
    const first = await ordering.ask(place, { body: { contact, lines, paymentMethod }, key: 'k' })
    const again = await ordering.ask(place, { body: { paymentMethod, lines, contact }, key: 'k' })
    expect(again.body).toEqual(first.body)
  })

  it('and no other: another body under it is a 422 that names the key', async () => {
    const ordering = await startWithPrices()
    await ordering.ask(place, { body: placement, key: 'k' })
    const answer = await ordering.ask(place, { body: { ...placement, paymentMethod: 'pm_card_amex' }, key: 'k' })
    expect([answer.status, answer.body.type]).toEqual([422, 'urn:flotilla:problem:idempotency-key-reused'])
    expect(flawsOf(answer)).toEqual(['idempotency-key'])
    expect(stored(ordering)).toMatchObject({ orders: 1 })
  })

  it('and of two bodies at once one wins, the other is a 422', async () => {
    const ordering = await startWithPrices()
    const bodies = [placement, { ...placement, paymentMethod: 'pm_card_amex' }]
    const answers = await Promise.all(bodies.map((body) => ordering.ask(place, { body, key: 'k' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 422])
    expect(stored(ordering)).toMatchObject({ orders: 1 })
  })

  it('for its caller: the same key of somebody else makes another', async () => {
    const ordering = await startWithPrices()
    const ada = await ordering.ask(place, { body: placement, key: 'k' })
    const eve = await ordering.ask(place, { body: placement, key: 'k', as: 'eve' })
    expect([ada.status, eve.status]).toEqual([202, 202])
    expect(eve.body.id).not.toBe(ada.body.id)
  })

  it('once it succeeds: a refused request may be mended and sent again', async () => {
    const ordering = await startWithPrices()
    const wrong = { ...placement, lines: [{ sku: 'NOPE', quantity: 1 }] }
    expect((await ordering.ask(place, { body: wrong, key: 'k' })).status).toBe(422)
    expect((await ordering.ask(place, { body: { ...placement, expectedTotal: 1 }, key: 'k' })).status).toBe(409)
    expect((await ordering.ask(place, { body: placement, key: 'k' })).status).toBe(202)
    expect(stored(ordering)).toMatchObject({ orders: 1 })
  })

  it('for a day: then it may be used anew', async () => {
    const ordering = await startWithPrices()
    const first = await ordering.ask(place, { body: placement, key: 'k' })
    await ordering.clock.leap(23 * 3_600_000)
    expect((await ordering.ask(place, { body: placement, key: 'k' })).body.id).toBe(first.body.id)
    await ordering.clock.leap(2 * 3_600_000)
    expect((await ordering.ask(place, { body: placement, key: 'k' })).body.id).not.toBe(first.body.id)
  })
})

describe('the price list', () => {
  it('takes only higher versions, in whatever order they come', async () => {
    const { ask, broker, clock } = await startWithPrices()
    const price = (version: number) => ({ ...tea, version, price: version * 1000 })
    for (const version of [3, 2, 5, 5, 4, 1]) {
      expect(await broker.say({ type: 'stock.price-changed.v1', data: price(version) }, clock.now())).toEqual({
        kind: 'done',
      })
    }
    const answer = await ask(place, { body: { ...placement, lines: [{ sku: 'TEA-1', quantity: 1 }] }, key: 'k' })
    expect(answer.body.total).toBe(5000)
  })

  it('knows a SKU as soon as it is listed, through the cache too', async () => {
    const { ask, broker, clock } = await startWithPrices(undefined, memoryCache)
    const body = { ...placement, lines: [{ sku: 'NEW', quantity: 1 }] }
    expect((await ask(place, { body, key: 'k' })).status).toBe(422)
    await broker.say({ type: 'stock.item-listed.v1', data: { ...tea, sku: 'NEW' } }, clock.now())
    expect((await ask(place, { body, key: 'k' })).status).toBe(202)
  })
})
