import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, it } from 'vitest'
import { DeadLetter, PublishRefused } from '../src/broker.ts'
import { createDeadLetters } from '../src/dead-letters.ts'
import { outageLimits } from '../src/outage.ts'
import { brokerAt, Inbox, localBroker, paymentDue } from './local-broker.ts'

const payment = { topic: 'orders', service: 'payment' }

describe('a message over Service Bus', () => {
  it('arrives as it was said', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const inbox = new Inbox()
    await broker.subscribe(payment, inbox.listener)
    const message = paymentDue('order-1.2.0')
    await broker.publish('orders', [message])
    await inbox.until(() => inbox.deliveries.length === 1)
    expect(inbox.deliveries[0]).toMatchObject({
      topic: 'orders',
      messageId: 'order-1.2.0',
      subject: 'order.payment-due.v1',
      body: message.body,
      correlationId: message.correlationId,
      deliveryCount: 1,
    })
    expect(inbox.deliveries[0]?.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/)
    expect(Math.abs(Date.now() - (inbox.deliveries[0]?.enqueuedAt ?? 0))).toBeLessThan(60_000)
  })

  it('comes once, however often it is published', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const inbox = new Inbox()
    await broker.subscribe(payment, inbox.listener)
    await broker.publish('orders', [paymentDue('order-1.2.0')])
    await broker.publish('orders', [paymentDue('order-1.2.0'), paymentDue('order-2.2.0')])
    await inbox.until(() => inbox.ids().includes('order-2.2.0'))
    expect(inbox.ids()).toEqual(['order-1.2.0', 'order-2.2.0'])
  })

  it('of one turn reaches the listener with its neighbours in one turn, 2,500 of them in good time', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const inbox = new Inbox()
    let turns = 0
    let sameTurn = false
    const all = Array.from({ length: 2_500 }, (_, index) => paymentDue(`order-${index}.2.0`))
    await broker.publish('orders', all)
    await broker.subscribe(payment, async (delivery) => {
      if (!sameTurn) {
        sameTurn = true
        turns += 1
        setImmediate(() => {
          sameTurn = false
        })
      }
      await inbox.listener(delivery)
    })
    await inbox.until(() => inbox.deliveries.length === all.length)
    expect(new Set(inbox.ids()).size).toBe(all.length)
    expect(turns).toBeLessThan(all.length / 5)
  })

  it('that is too large is named, and its neighbours are sent', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const inbox = new Inbox()
    await broker.subscribe(payment, inbox.listener)
    const large = paymentDue('large.2.0', 'x'.repeat(3_000_000))
    const [refused] = await Promise.all([
      broker.publish('orders', [large]).catch((error: unknown) => error),
      broker.publish('orders', [paymentDue('order-1.2.0')]),
    ])
    expect(refused).toBeInstanceOf(PublishRefused)
    expect(refused).toMatchObject({ messageId: 'large.2.0' })
    await inbox.until(() => inbox.deliveries.length === 1)
    expect(inbox.ids()).toEqual(['order-1.2.0'])
    await expect(broker.publish('orders', [paymentDue('i'.repeat(129))])).rejects.toThrow('1 to 128 characters')
  })

  it('is dead-lettered with the reason and description of its listener', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const inbox = new Inbox()
    await broker.subscribe(payment, async (delivery) => {
      await inbox.listener(delivery)
      throw new DeadLetter('Refused', 'the order is cancelled')
    })
    await broker.publish('orders', [paymentDue('order-1.2.0')])
    await inbox.until(() => inbox.deliveries.length === 1)
    await expect
      .poll(() => createDeadLetters(local, 'payment').list(), { timeout: 5_000 })
      .toMatchObject([{ id: 'order-1.2.0', reason: 'Refused', description: 'the order is cancelled', topic: 'orders' }])
  })

  it('that is poison ends among the dead letters after ten deliveries, with its last error', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString, { consuming: { backoff: { base: 1, cap: 5 } } })
    const inbox = new Inbox()
    await broker.subscribe(payment, async (delivery) => {
      await inbox.listener(delivery)
      throw new TypeError('amount is not a number')
    })
    await broker.publish('orders', [paymentDue('order-1.2.0')])
    await inbox.until(() => inbox.deliveries.length === 30)
    await expect
      .poll(() => createDeadLetters(local, 'payment').list(), { timeout: 5_000 })
      .toMatchObject([{ reason: 'MaxDeliveryCountExceeded', description: 'TypeError: amount is not a number' }])
    expect(inbox.deliveries.at(-1)?.deliveryCount).toBe(10)
    expect(inbox.deliveries).toHaveLength(30)
  })

  it('in an outage of a dependency is given back once, and none is dead-lettered; then everything flows', async () => {
    const local = await localBroker()
    const outage = { ...outageLimits, base: 50 }
    const { broker, events } = await brokerAt(local.connectionString, { consuming: { outage } })
    const inbox = new Inbox()
    let away = true
    let probes = 0
    const probe = async () => {
      probes += 1
      inbox.changed()
      if (away) throw new Unavailable('the database is away')
    }
    await broker.subscribe(
      payment,
      async (delivery) => {
        if (away) throw new Unavailable('the database is away')
        await inbox.listener(delivery)
      },
      { probe, concurrency: 20 },
    )
    const all = Array.from({ length: 50 }, (_, index) => paymentDue(`order-${index}.2.0`))
    await broker.publish('orders', all)
    await inbox.until(() => probes === 3)
    away = false
    await inbox.until(() => inbox.deliveries.length === all.length)
    expect(events.filter(({ kind }) => kind === 'abandoned').length).toBeLessThanOrEqual(20)
    expect(inbox.deliveries.every(({ deliveryCount }) => deliveryCount <= 2)).toBe(true)
    expect(await createDeadLetters(local, 'payment').list()).toEqual([])
  })
})

describe('a receiver that is replaced', () => {
  it('loses nothing, hears nothing twice, and messages go on', async () => {
    const local = await localBroker()
    const { broker, events } = await brokerAt(local.connectionString, { consuming: { silence: 20, apart: 40 } })
    const inbox = new Inbox()
    await broker.subscribe(payment, inbox.listener)
    const restarts = () => events.filter(({ kind }) => kind === 'restarted').length
    const sent: string[] = []
    while (restarts() < 5) {
      const id = `order-${sent.length}.2.0`
      sent.push(id)
      await broker.publish('orders', [paymentDue(id)])
      const before = restarts()
      await expect.poll(restarts, { timeout: 5_000, interval: 5 }).toBeGreaterThan(before)
    }
    await inbox.until(() => inbox.deliveries.length >= sent.length)
    expect(inbox.ids()).toEqual(sent)
    expect(inbox.deliveries.every(({ deliveryCount }) => deliveryCount === 1)).toBe(true)
  })
})

describe('the end', () => {
  it('finishes what is in hand: nothing comes a second time', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const gate = Promise.withResolvers<void>()
    const inbox = new Inbox()
    const subscription = await broker.subscribe(payment, async (delivery) => {
      await inbox.listener(delivery)
      await gate.promise
    })
    await broker.publish('orders', [paymentDue('order-1.2.0'), paymentDue('order-2.2.0')])
    await inbox.until(() => inbox.deliveries.length === 2)
    const closed = subscription.close()
    await broker.publish('orders', [paymentDue('order-3.2.0')])
    gate.resolve()
    await closed
    await broker.close()
    const { broker: next } = await brokerAt(local.connectionString)
    const later = new Inbox()
    await next.subscribe(payment, later.listener)
    await later.until(() => later.ids().includes('order-3.2.0'))
    expect(later.deliveries).toMatchObject([{ messageId: 'order-3.2.0', deliveryCount: 1 }])
  })

  it('gives back what outlasts the grace: the next process has it at once', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const inbox = new Inbox()
    const subscription = await broker.subscribe(payment, async (delivery) => {
      await inbox.listener(delivery)
      await new Promise(() => {})
    })
    await broker.publish('orders', [paymentDue('order-1.2.0')])
    await inbox.until(() => inbox.deliveries.length === 1)
    await subscription.close(50)
    const { broker: next } = await brokerAt(local.connectionString)
    const later = new Inbox()
    await next.subscribe(payment, later.listener)
    await later.until(() => later.deliveries.length === 1)
    expect(later.deliveries).toMatchObject([{ messageId: 'order-1.2.0', deliveryCount: 2 }])
  })
})
