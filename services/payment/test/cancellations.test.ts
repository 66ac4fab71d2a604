import { describe, expect, it } from 'vitest'
import type { Fault } from './fake-processor.ts'
import { cancelled, createWorld, due, order, startPayments, statusOf, told } from './paying.ts'

const start = () => startPayments(createWorld())
const captured = 'payment.captured.v1'
const refunded = 'payment.refunded.v1'

describe('P3: a cancelled order', () => {
  it('before its payment was due is charged by nobody: a tombstone remembers', async () => {
    const payments = await start()
    await payments.broker.deliver(cancelled())
    await payments.broker.deliver(due())
    await payments.clock.pass(60_000)
    expect(payments.processor.calls).toEqual([])
    expect(told(payments)).toEqual([])
    expect(statusOf(payments)).toBe('shut')
  })

  it('after the capture is refunded in full', async () => {
    const payments = await start()
    await payments.broker.deliver(due())
    await payments.clock.settle()
    await payments.broker.deliver(cancelled())
    await payments.clock.settle()
    expect(told(payments)).toEqual([captured, refunded])
    expect(payments.broker.said(refunded)[0]?.data).toMatchObject({ orderId: order, amount: 3400, currency: 'EUR' })
    expect(payments.processor.money).toEqual({ charged: 1, refunded: 1 })
  })

  it('while its intent is being created has the intent cancelled, and tells nothing', async () => {
    const payments = await start()
    payments.processor.faults.createIntent = ['slow']
    await payments.broker.deliver(due())
    await payments.broker.deliver(cancelled())
    await payments.clock.pass(10_000)
    expect(payments.processor.intents[0]?.state.status).toBe('cancelled')
    expect([told(payments), statusOf(payments)]).toEqual([[], 'cancelled'])
  })

  it('while its intent could not be created has none created any more', async () => {
    const payments = await start()
    payments.processor.faults.createIntent = ['silent']
    await payments.broker.deliver(due())
    await payments.broker.deliver(cancelled())
    await payments.clock.pass(60_000)
    expect(payments.processor.calls).toEqual(['createIntent'])
    expect([told(payments), statusOf(payments)]).toEqual([[], 'cancelled'])
  })

  it('while its card is being charged is refunded when the charge completes', async () => {
    const payments = await start()
    payments.processor.faults.confirm = ['slow']
    await payments.broker.deliver(due())
    await payments.clock.settle()
    await payments.broker.deliver(cancelled())
    await payments.clock.pass(10_000)
    expect(told(payments)).toEqual([captured, refunded])
    expect([statusOf(payments), payments.processor.money]).toEqual(['refunded', { charged: 1, refunded: 1 }])
  })

  it('while the answer to its charge is lost is refunded when the charge is found', async () => {
    const payments = await start()
    payments.processor.faults.confirm = ['silent-after']
    await payments.broker.deliver(due())
    await payments.clock.settle()
    await payments.broker.deliver(cancelled())
    await payments.clock.pass(60_000)
    expect([statusOf(payments), payments.processor.money]).toEqual(['refunded', { charged: 1, refunded: 1 }])
  })

  it('while its charge failed without effect is not charged any more', async () => {
    const payments = await start()
    payments.processor.faults.confirm = ['silent']
    await payments.broker.deliver(due())
    await payments.clock.settle()
    await payments.broker.deliver(cancelled())
    await payments.clock.pass(60_000)
    expect([statusOf(payments), payments.processor.money.charged]).toEqual(['cancelled', 0])
    expect(payments.processor.intents[0]?.state.status).toBe('cancelled')
  })

  it.each([
    ['pending, then done', 0],
    ['failing once', 1],
    ['failing three times', 3],
  ])('gets its money back by a refund that is %s', async (_what, failing) => {
    const payments = await start()
    payments.processor.failingRefunds = failing
    await payments.broker.deliver(due('pm_pending'))
    await payments.clock.settle()
    await payments.broker.deliver(cancelled())
    await payments.clock.settle()
    expect(statusOf(payments)).toBe('refunding')
    await payments.clock.pass(10 * 60_000)
    expect([statusOf(payments), payments.processor.money]).toEqual(['refunded', { charged: 1, refunded: 1 }])
    expect(payments.processor.intents[0]?.refunds).toHaveLength(failing + 1)
    expect(told(payments)).toEqual([captured, refunded])
  })

  it('gets its money back however long the processor is away, and somebody is told after 15 minutes', async () => {
    const payments = await start()
    const { broker, clock, processor, lines } = payments
    await broker.deliver(due())
    await clock.settle()
    processor.faults.refunded = Array.from({ length: 10_000 }, (): Fault => '500')
    await broker.deliver(cancelled())
    await clock.pass(14 * 60_000)
    expect(lines.join()).not.toContain('a refund is overdue')
    await clock.pass(2 * 60_000)
    expect(lines.join()).toContain('a refund is overdue')
    processor.faults.refunded = []
    await clock.pass(60_000)
    expect([statusOf(payments), processor.money]).toEqual(['refunded', { charged: 1, refunded: 1 }])
  })
})
