import { notificationsRepeated } from '@flotilla/telemetry/metrics'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { address, cancelled, confirmed, createWorld, order, startNotifying } from './notifying.ts'

const sent = 'notification.sent.v1'
const failed = 'notification.failed.v1'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('P4: a customer is told each end of an order', () => {
  it('that is confirmed, by one mail that says what it cost', async () => {
    const { broker, clock, mail } = await startNotifying()
    await broker.deliver(confirmed())
    await clock.settle()
    const messageId = `${order}.order-confirmed@flotilla.test`
    expect(mail.wire).toEqual([{ to: address, orderId: order, letter: expect.objectContaining({ messageId }) }])
    expect(mail.wire[0]?.letter.text).toMatch(/2 x TEA-1 at €17.00[\s\S]*Total: €34.00/)
    await broker.whenSaid(sent)
    const data = { orderId: order, kind: 'order-confirmed', messageId, sentAt: '2026-01-01T00:00:00.000Z' }
    expect(broker.said(sent).map((event) => event.data)).toEqual([data])
  })

  it('that is cancelled, with the reason in words', async () => {
    const { broker, clock, mail } = await startNotifying()
    await broker.deliver(cancelled())
    await clock.settle()
    expect(mail.wire.map(({ letter }) => letter.messageId)).toEqual([`${order}.order-cancelled@flotilla.test`])
    expect(mail.wire[0]?.letter.text).toContain('we do not have enough in stock')
  })

  it('once, however often it is heard, at once or later', async () => {
    const { broker, clock, mail } = await startNotifying()
    await Promise.all(Array.from({ length: 30 }, () => broker.deliver(confirmed())))
    await clock.pass(60_000)
    for (let count = 0; count < 5; count += 1) {
      expect(await broker.deliver(confirmed())).toEqual({ kind: 'done' })
      await clock.pass(1_000)
    }
    expect(mail.wire).toHaveLength(1)
    expect(broker.said(sent)).toHaveLength(1)
  })

  it('once by two replicas that hear it at once', async () => {
    const world = createWorld()
    await startNotifying(world)
    const first = world.broker.deliver(confirmed())
    await startNotifying(world)
    await Promise.all([first, world.broker.deliver(confirmed())])
    await world.clock.pass(60_000)
    expect(world.mail.wire).toHaveLength(1)
  })

  it('for each of a hundred orders at once', async () => {
    const { broker, clock, mail } = await startNotifying()
    const ids = Array.from({ length: 100 }, (_, index) => order.replace(/.{3}$/, String(index).padStart(3, '0')))
    await Promise.all(ids.map((id) => broker.deliver(confirmed(id))))
    await clock.passUntil(() => broker.said(sent).length === 100)
    expect(mail.wire.map(({ orderId }) => orderId).sort()).toEqual(ids)
  })

  it('and never of another: an end that contradicts is dead-lettered with its reason', async () => {
    const { broker, clock, mail } = await startNotifying()
    await broker.deliver(confirmed())
    await clock.settle()
    const description = expect.stringMatching(/order-cancelled.*order-confirmed/)
    expect(await broker.deliver(cancelled())).toMatchObject({ kind: 'dead-letter', reason: 'Refused', description })
    await clock.pass(60_000)
    expect(mail.wire).toHaveLength(1)
  })
})

describe('P4: a mail that', () => {
  it('is refused for good is told as failed, and not tried again', async () => {
    const { ask, broker, clock, mail } = await startNotifying()
    mail.faults.push('refused')
    await broker.deliver(confirmed())
    await clock.pass(600_000)
    expect(broker.said(failed).map(({ data }) => [data.orderId, data.kind, data.reason])).toEqual([
      [order, 'order-confirmed', 'the mail server refused with 550'],
    ])
    expect([mail.tries, broker.said(sent)]).toEqual([1, []])
    const { notifications } = (await ask(`GET /api/v1/notifications?orderId=${order}`)).body
    expect(notifications).toMatchObject([{ status: 'failed', reason: 'the mail server refused with 550' }])
  })

  it('is put off is tried again until it is taken', async () => {
    const { broker, clock, mail } = await startNotifying()
    mail.faults.push('busy', 'busy', 'busy')
    await broker.deliver(confirmed())
    await clock.passUntil(() => broker.said(sent).length > 0)
    expect([mail.tries, mail.wire.length]).toEqual([4, 1])
  })

  it('finds nobody is sent when the mail server is back, with all that waited', async () => {
    const { broker, clock, mail } = await startNotifying()
    mail.faults.push(...Array.from({ length: 20 }, () => 'away' as const))
    for (let count = 10; count < 20; count += 1) await broker.deliver(confirmed(order.replace(/..$/, String(count))))
    await clock.passUntil(() => broker.said(sent).length === 10, 300_000)
    expect(mail.wire).toHaveLength(10)
  })

  it('is out when its answer is lost goes out again under the same Message-ID, and is counted', async () => {
    const counted = vi.spyOn(notificationsRepeated, 'add')
    const { broker, clock, mail } = await startNotifying()
    mail.faults.push('lost')
    await broker.deliver(confirmed())
    await clock.passUntil(() => broker.said(sent).length > 0)
    expect(mail.wire).toHaveLength(2)
    expect(mail.wire[1]).toEqual(mail.wire[0])
    expect(counted.mock.calls).toEqual([[1]])
  })

  it('is out when its process dies before it notes it goes out again under the same Message-ID, and is counted', async () => {
    const counted = vi.spyOn(notificationsRepeated, 'add')
    const world = createWorld()
    const before = await startNotifying(world)
    world.mail.faults.push('stuck-after')
    await world.broker.deliver(confirmed())
    await world.clock.settle()
    await before.kill()
    await startNotifying(world)
    await world.clock.pass(25_000)
    // The one that died may only be slow: until its lease has run out, nobody else sends.
    expect(world.mail.wire).toHaveLength(1)
    await world.clock.passUntil(() => world.broker.said(sent).length > 0)
    await world.clock.pass(60_000)
    expect(world.mail.wire).toHaveLength(2)
    expect(world.mail.wire[1]).toEqual(world.mail.wire[0])
    expect(counted.mock.calls).toEqual([[1]])
    expect(world.broker.said(sent)).toHaveLength(1)
  })

  it('was not sent when its process died is sent by who starts after', async () => {
    const world = createWorld()
    const before = await startNotifying(world)
    world.mail.faults.push('stuck')
    await world.broker.deliver(cancelled())
    await world.clock.settle()
    await before.kill()
    await startNotifying(world)
    await world.clock.passUntil(() => world.broker.said(sent).length > 0)
    expect(world.mail.wire).toHaveLength(1)
  })
})

describe('while the database is away', () => {
  it('a message is its fault, and nobody is told what is not stored', async () => {
    const world = await startNotifying()
    world.database = { kind: 'away' }
    const delivered = world.broker.deliver(confirmed())
    await world.clock.pass(60_000)
    expect(await delivered).toEqual({ kind: 'dependency' })
    expect(world.mail.wire).toEqual([])
    world.database = undefined
    expect(await world.broker.deliver(confirmed())).toEqual({ kind: 'done' })
    await world.clock.pass(60_000)
    expect(world.mail.wire).toHaveLength(1)
  })

  it('a mail that went out is noted when it is back, and not sent again', async () => {
    const world = createWorld()
    await startNotifying(world, (...mail) => {
      world.database = { kind: 'away' }
      return world.mail.send(...mail)
    })
    await world.broker.deliver(confirmed())
    await world.clock.pass(10_000)
    expect(world.broker.taken).toEqual([])
    world.database = undefined
    await world.clock.passUntil(() => world.broker.said(sent).length > 0, 120_000)
    await world.clock.pass(60_000)
    expect(world.mail.wire).toHaveLength(1)
  })
})
