import { flawsOf } from '@flotilla/host/testing'
import { describe, expect, it } from 'vitest'
import { cancelled, createWorld, due, order, type Payments, startPayments } from './paying.ts'

const start = () => startPayments(createWorld())

describe('a customer', () => {
  const get = (orderId = order) => `GET /api/v1/payments/${orderId}`
  const paid = async (): Promise<Payments> => {
    const payments = await start()
    await payments.broker.deliver(due())
    await payments.clock.settle()
    return payments
  }

  it('reads their own payment, and no card or intent in it', async () => {
    const { ask } = await paid()
    const answer = await ask(get())
    expect([answer.status, answer.body]).toEqual([
      200,
      { orderId: order, status: 'captured', amount: 3400, currency: 'EUR' },
    ])
  })

  it('reads why it was declined', async () => {
    const { ask, broker, clock } = await start()
    await broker.deliver(due('pm_declined'))
    await clock.settle()
    expect((await ask(get())).body).toMatchObject({ status: 'declined', reason: 'lost_card' })
  })

  it.each<[string, string, object, number, string[]]>([
    ["somebody else's", get(), { as: 'eve' }, 404, []],
    ['one that was never due', get('01900000-0000-7000-8000-000000000002'), {}, 404, []],
    ['what is no UUID', get('1'), {}, 400, ['orderId']],
    ['without the scope', get(), { scopes: 'orders.read' }, 403, []],
    ['without a token', get(), { headers: { authorization: undefined } }, 401, ['authorization']],
    ['by another method', `POST /api/v1/payments/${order}`, { body: {} }, 405, []],
  ])('does not read %s', async (_what, route, ask, status, flaws) => {
    const payments = await paid()
    const answer = await payments.ask(route, ask)
    expect([answer.status, flawsOf(answer)]).toEqual([status, flaws])
  })

  it('does not read a tombstone', async () => {
    const { ask, broker } = await start()
    await broker.deliver(cancelled())
    expect((await ask(get())).status).toBe(404)
  })
})
