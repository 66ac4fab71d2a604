import { flawsOf } from '@flotilla/host/testing'
import { describe, expect, it } from 'vitest'
import { address, confirmed, order, startNotifying } from './notifying.ts'

describe('an e-mail address', () => {
  it.each([
    ['was told', undefined, 'sent'],
    ['could not be told', 'refused', 'failed'],
  ] as const)('is kept until its owner %s, and not after', async (_what, fault, status) => {
    const world = await startNotifying()
    world.mail.faults.push('busy', fault)
    await world.broker.deliver(confirmed())
    await world.clock.settle()
    expect(JSON.stringify(world.twin.all())).toContain(address)
    await world.clock.pass(300_000)
    expect(JSON.stringify(world.twin.all())).toContain(`"status":"${status}"`)
    expect(JSON.stringify(world.twin.all())).not.toMatch(/ada\.lovelace|@example/)
  })

  it('is in no log line and in no message, whatever goes wrong', async () => {
    const world = await startNotifying(undefined, async () => {
      const cause = Object.assign(new Error(`451 <${address}> is busy`), { command: 'MAIL FROM', response: address })
      throw new Error(`${address} cannot be told`, { cause })
    })
    await world.broker.deliver(confirmed())
    await world.broker.deliver({ ...confirmed(order.replace(/.$/, '2')), body: `{"email":"${address}"` })
    await world.clock.pass(60_000)
    await world.ask(`GET /api/v1/notifications?orderId=${order}`)
    expect(world.lines.join()).toContain('work failed')
    expect(world.lines.join()).not.toMatch(/ada\.lovelace|@example/)
    expect(world.broker.taken.join()).not.toContain('@example')
  })

  it('is not in what is said to the world, nor shown to its owner', async () => {
    const { ask, broker, clock } = await startNotifying()
    await broker.deliver(confirmed())
    await clock.pass(10_000)
    const answer = await ask(`GET /api/v1/notifications?orderId=${order}`)
    expect(JSON.stringify([answer.body, broker.taken])).not.toMatch(/ada\.lovelace|@example/)
  })
})

describe('a customer', () => {
  const get = `GET /api/v1/notifications?orderId=${order}`

  it('reads what they were told, by any spelling of the order id', async () => {
    const { ask, broker, clock } = await startNotifying()
    await broker.deliver(confirmed())
    await clock.pass(10_000)
    const messageId = `${order}.order-confirmed@flotilla.test`
    const told = {
      orderId: order,
      kind: 'order-confirmed',
      status: 'sent',
      messageId,
      sentAt: '2026-01-01T00:00:00.000Z',
    }
    expect((await ask(get)).body).toEqual({ notifications: [told] })
    expect((await ask(`GET /api/v1/notifications?orderId=${order.toUpperCase()}`)).body).toEqual({
      notifications: [told],
    })
  })

  it("reads nothing of somebody else's", async () => {
    const { ask, broker, clock } = await startNotifying()
    await broker.deliver(confirmed())
    await clock.pass(10_000)
    expect((await ask(get, { as: 'eve' })).body).toEqual({ notifications: [] })
  })

  it.each<[string, string, object, number, string[]]>([
    ['no order', 'GET /api/v1/notifications', {}, 400, ['orderId']],
    ['what is no UUID', 'GET /api/v1/notifications?orderId=1', {}, 400, ['orderId']],
    ['a query that is not known', `${get}&limit=1`, {}, 400, ['limit']],
    ['anything without the scope', get, { scopes: 'orders.read' }, 403, []],
    ['anything without a token', get, { headers: { authorization: undefined } }, 401, ['authorization']],
    ['anything by another method', 'POST /api/v1/notifications', { body: {} }, 405, []],
  ])('is refused by name when asking for %s', async (_what, route, ask, status, flaws) => {
    const notifying = await startNotifying()
    const answer = await notifying.ask(route, ask)
    expect([answer.status, flawsOf(answer)]).toEqual([status, flaws])
  })
})
