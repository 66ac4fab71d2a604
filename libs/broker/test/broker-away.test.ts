import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, it } from 'vitest'
import type { Broker } from '../src/broker.ts'
import { brokerAt, Inbox, localBroker, paymentDue } from './local-broker.ts'
import { silentProxy } from './silent-proxy.ts'

const payment = { topic: 'orders', service: 'payment' }
const recoversWithin = 3_000

/** As the relay does: again and again, until the broker has it. */
async function insist(broker: Broker, id: string): Promise<void> {
  for (;;) {
    try {
      return await broker.publish('orders', [paymentDue(id)])
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

describe('P1: the broker is away', () => {
  it('at the start: the process starts, publishing fails at once as unavailable, and both work soon after it is there', async () => {
    const local = await localBroker()
    await local.stop()
    const { broker } = await brokerAt(local.connectionString)
    const inbox = new Inbox()
    await broker.subscribe(payment, inbox.listener)
    const started = performance.now()
    for (let attempt = 0; attempt < 10; attempt++) {
      await expect(broker.publish('orders', [paymentDue('order-0.2.0')])).rejects.toBeInstanceOf(Unavailable)
    }
    expect(performance.now() - started).toBeLessThan(2_000)
    await local.start()
    const back = performance.now()
    await insist(broker, 'order-1.2.0')
    await inbox.until(() => inbox.ids().includes('order-1.2.0'))
    expect(performance.now() - back).toBeLessThan(recoversWithin)
  })

  it('and comes back: subscribers and publishers are back within two seconds or so, and nothing it had is lost', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const inbox = new Inbox()
    const subscription = await broker.subscribe(payment, inbox.listener)
    await broker.publish('orders', [paymentDue('order-1.2.0')])
    await inbox.until(() => inbox.deliveries.length === 1)
    await subscription.pause()
    await broker.publish('orders', [paymentDue('order-2.2.0')])
    await local.stop()
    subscription.resume()
    await expect(broker.publish('orders', [paymentDue('order-0.2.0')])).rejects.toBeInstanceOf(Unavailable)
    await local.start()
    const back = performance.now()
    await insist(broker, 'order-3.2.0')
    await inbox.until(() => inbox.ids().includes('order-2.2.0') && inbox.ids().includes('order-3.2.0'))
    expect(performance.now() - back).toBeLessThan(recoversWithin)
  })

  it('while a message is in hand: it comes again, to the same consumer', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const gate = Promise.withResolvers<void>()
    const inbox = new Inbox()
    await broker.subscribe(payment, async (delivery) => {
      await inbox.listener(delivery)
      if (inbox.deliveries.length === 1) await gate.promise
    })
    await broker.publish('orders', [paymentDue('order-1.2.0')])
    await inbox.until(() => inbox.deliveries.length === 1)
    await local.stop()
    gate.resolve()
    await local.start()
    await inbox.until(() => inbox.deliveries.length === 2)
    expect(inbox.ids()).toEqual(['order-1.2.0', 'order-1.2.0'])
  })

  it('does not keep the process from ending', async () => {
    const local = await localBroker()
    const { broker } = await brokerAt(local.connectionString)
    const inbox = new Inbox()
    await broker.subscribe(payment, inbox.listener)
    await broker.publish('orders', [paymentDue('order-1.2.0')])
    await inbox.until(() => inbox.deliveries.length === 1)
    await local.stop()
    const started = performance.now()
    await broker.close()
    expect(performance.now() - started).toBeLessThan(2_500)
  })

  it('without a word: a send fails in bounded time, and the process can still end', async () => {
    const local = await localBroker()
    const proxy = await silentProxy(local.connectionString)
    const { broker } = await brokerAt(proxy.connectionString, { sendTimeout: 300 })
    const inbox = new Inbox()
    await broker.subscribe(payment, inbox.listener)
    await broker.publish('orders', [paymentDue('order-1.2.0')])
    await inbox.until(() => inbox.deliveries.length === 1)
    proxy.fallSilent()
    const started = performance.now()
    await expect(broker.publish('orders', [paymentDue('order-2.2.0')])).rejects.toThrow('did not answer within 300 ms')
    expect(performance.now() - started).toBeLessThan(1_000)
    await broker.close()
    expect(performance.now() - started).toBeLessThan(10_000)
  }, 15_000)
})
