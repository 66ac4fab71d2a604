import { contents } from '@flotilla/host/testing'
import { shuffled } from '@flotilla/host/testing-broker'
import { describe, expect, it } from 'vitest'
import type { Call, Fault } from './fake-processor.ts'
import { cancelled, createWorld, due, order, startPayments, statusOf, told } from './paying.ts'

const start = (seed?: number) => startPayments(createWorld(seed))
const captured = 'payment.captured.v1'
const declined = 'payment.declined.v1'

describe('a payment that is due', () => {
  it('is captured once, and told with its amount', async () => {
    const payments = await start()
    const { broker, clock, processor } = payments
    await broker.deliver(due())
    await clock.settle()
    expect(broker.said(captured).map(({ data }) => data)).toEqual([
      { orderId: order, amount: 3400, currency: 'EUR', capturedAt: '2026-01-01T00:00:00.000Z' },
    ])
    expect(processor.calls).toEqual(['createIntent', 'confirm'])
    expect(processor.money).toEqual({ charged: 1, refunded: 0 })
  })

  it('has the id of its intent stored before it is confirmed', async () => {
    const payments = await start()
    const { broker, clock, processor, sqlite } = payments
    processor.faults.confirm = ['stuck']
    await broker.deliver(due())
    await clock.settle()
    expect(processor.calls).toEqual(['createIntent', 'confirm'])
    expect(sqlite.prepare('SELECT status, intent_id FROM payment').get()).toEqual({
      status: 'pending',
      intent_id: 'pi_1',
    })
  })

  it.each([
    ['pm_declined', 'lost_card', 'declined'],
    ['pm_unknown', 'resource_missing', undefined],
    ['pm_action', 'requires-action', 'cancelled'],
  ])('with %s is declined with the reason %s, and its intent ended', async (method, reason, intent) => {
    const payments = await start()
    const { broker, clock, processor } = payments
    await broker.deliver(due(method))
    await clock.settle()
    expect(broker.said(declined).map(({ data }) => [data.orderId, data.reason])).toEqual([[order, reason]])
    expect(told(payments)).toEqual([declined])
    expect(processor.intents[0]?.state.status).toBe(intent)
    expect(processor.money.charged).toBe(0)
  })

  it('is charged by nobody past its deadline', async () => {
    const payments = await start()
    await payments.clock.leap(600_000)
    await payments.broker.deliver(due())
    await payments.clock.settle()
    expect(payments.broker.said(declined).map(({ data }) => data.reason)).toEqual(['expired'])
    expect(payments.processor.calls).toEqual([])
  })

  it.each<[string, Call]>([
    ['it was created', 'createIntent'],
    ['it was confirmed', 'confirm'],
  ])('is charged by nobody when the processor is away until its deadline, before %s', async (_what, call) => {
    const payments = await start()
    const { broker, clock, processor } = payments
    processor.faults[call] = Array.from({ length: 1_000 }, (): Fault => '500')
    await broker.deliver(due())
    await clock.pass(599_000)
    expect(told(payments)).toEqual([])
    processor.faults[call] = []
    await clock.leap(60_000)
    await clock.pass(30_000)
    expect(broker.said(declined).map(({ data }) => data.reason)).toEqual(['expired'])
    expect(processor.money.charged).toBe(0)
    // Past it no intent is made, and one that was made is cancelled.
    expect(processor.intents.map(({ state }) => state.status)).toEqual(call === 'confirm' ? ['cancelled'] : [])
  })
})

describe('P3: a call whose outcome is unknown is settled by asking, so the card is charged once', () => {
  it.each<[Call, Fault]>([
    ['createIntent', '500'],
    ['createIntent', '500-after'],
    ['createIntent', 'silent'],
    ['createIntent', 'silent-after'],
    ['createIntent', 'slow'],
    ['confirm', '500'],
    ['confirm', '500-after'],
    ['confirm', 'silent'],
    ['confirm', 'silent-after'],
    ['confirm', 'slow'],
  ])('%s: %s', async (call, fault) => {
    const payments = await start()
    const { broker, clock, processor } = payments
    processor.faults[call] = [fault]
    await broker.deliver(due())
    await clock.passUntil(() => broker.said(captured).length > 0)
    await clock.pass(120_000)
    expect(told(payments)).toEqual([captured])
    expect(processor.money).toEqual({ charged: 1, refunded: 0 })
  })

  it('never by confirming once more what may have been confirmed', async () => {
    const payments = await start()
    payments.processor.faults.confirm = ['silent-after']
    await payments.broker.deliver(due())
    await payments.clock.pass(60_000)
    expect(payments.processor.calls).toEqual(['createIntent', 'confirm', 'retrieve'])
  })

  it('even when asking fails too, again and again', async () => {
    const payments = await start()
    const { broker, clock, processor } = payments
    processor.faults.confirm = ['silent-after']
    processor.faults.retrieve = ['500', 'silent', '500']
    await broker.deliver(due())
    await clock.passUntil(() => broker.said(captured).length > 0, 120_000)
    expect(processor.money.charged).toBe(1)
  })
})

describe('P5: messages in any order, and twice', () => {
  const tables = ['payment', 'history', 'inbox', 'due_work']

  it('have one effect when they come again, one after the other or at once', async () => {
    for (const end of ['captured', 'refunded']) {
      const payments = await start()
      const { broker, clock, sqlite } = payments
      const messages = end === 'captured' ? [due()] : [due(), cancelled()]
      for (const each of messages) {
        await Promise.all(Array.from({ length: 20 }, () => broker.deliver(each)))
        await clock.pass(5_000)
      }
      expect(statusOf(payments)).toBe(end)
      const before = contents(sqlite, tables)
      const said = told(payments)
      for (let run = 0; run < 10; run += 1) {
        for (const each of shuffled(messages, clock.random))
          expect(await broker.deliver(each)).toEqual({ kind: 'done' })
      }
      await clock.pass(60_000)
      expect(contents(sqlite, tables)).toEqual(before)
      expect(told(payments)).toEqual(said)
    }
  })

  it('never leave a cancelled order charged, whenever its cancellation comes', async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const payments = await start(seed)
      const { broker, clock, processor } = payments
      processor.faults.createIntent = clock.random() < 0.5 ? ['slow'] : []
      processor.faults.confirm = clock.random() < 0.5 ? ['slow'] : ['silent-after']
      for (const each of shuffled([due(), cancelled()], clock.random)) {
        await broker.deliver(each)
        await clock.pass(Math.floor(clock.random() * 5_000))
      }
      await clock.pass(120_000)
      const { charged, refunded } = processor.money
      expect(charged - refunded, `seed ${seed}`).toBe(0)
      expect(['shut', 'cancelled', 'refunded'], `seed ${seed}`).toContain(statusOf(payments))
    }
  })
})
