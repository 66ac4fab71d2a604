import { describe, expect, it } from 'vitest'
import { DeadLetter } from '../src/broker.ts'
import { createDeadLetters } from '../src/dead-letters.ts'
import { brokerAt, Inbox, localBroker, orderCancelled } from './local-broker.ts'

/** Two services put the same event aside, until they are mended. */
async function twoListeners() {
  const local = await localBroker()
  const { broker } = await brokerAt(local.connectionString)
  const mended = { value: false }
  const inboxes = { payment: new Inbox(), inventory: new Inbox() }
  for (const service of ['payment', 'inventory'] as const) {
    await broker.subscribe({ topic: 'orders', service }, async (delivery) => {
      if (!mended.value) throw new DeadLetter('BadData', `${service} cannot read it`)
      await inboxes[service].listener(delivery)
    })
  }
  const deadLetters = (service: 'payment' | 'inventory') => createDeadLetters(local, service)
  const putAside = (service: 'payment' | 'inventory', count: number) =>
    expect.poll(async () => (await deadLetters(service).list()).length, { timeout: 5_000 }).toBe(count)
  return { broker, inboxes, mended, deadLetters, putAside }
}

describe('a dead letter', () => {
  it('is replayed to its own subscription only, with its original body, and is gone', async () => {
    const { broker, inboxes, mended, deadLetters, putAside } = await twoListeners()
    const message = orderCancelled('order-1.3.0')
    await broker.publish('orders', [message])
    await putAside('payment', 1)
    await putAside('inventory', 1)
    mended.value = true
    const treated = await deadLetters('payment').replay({ id: 'order-1.3.0' })
    expect(treated).toMatchObject({ done: [{ id: 'order-1.3.0', reason: 'BadData' }], failed: [] })
    await inboxes.payment.until(() => inboxes.payment.deliveries.length === 1)
    expect(inboxes.payment.deliveries[0]).toMatchObject({
      messageId: 'order-1.3.0.payment.r1',
      subject: 'replay.payment',
      body: message.body,
      correlationId: message.correlationId,
    })
    expect(await deadLetters('payment').list()).toEqual([])
    expect(await deadLetters('inventory').list()).toHaveLength(1)
    expect(inboxes.inventory.deliveries).toEqual([])
    // Another service's replay of the same event is no duplicate of the first.
    await deadLetters('inventory').replay({})
    await inboxes.inventory.until(() => inboxes.inventory.deliveries.length === 1)
    expect(inboxes.payment.deliveries).toHaveLength(1)
  })

  it('that is put aside again can be replayed again', async () => {
    const { broker, inboxes, mended, deadLetters, putAside } = await twoListeners()
    await broker.publish('orders', [orderCancelled('order-1.3.0')])
    await putAside('payment', 1)
    await deadLetters('payment').replay({ id: 'order-1.3.0' })
    await expect
      .poll(() => deadLetters('payment').list(), { timeout: 5_000 })
      .toMatchObject([{ id: 'order-1.3.0', messageId: 'order-1.3.0.payment.r1', replays: 1 }])
    mended.value = true
    await deadLetters('payment').replay({ id: 'order-1.3.0' })
    await inboxes.payment.until(() => inboxes.payment.deliveries.length === 1)
    expect(inboxes.payment.ids()).toEqual(['order-1.3.0.payment.r2'])
  })

  it('is dropped by its id, and its neighbours stay', async () => {
    const { broker, deadLetters, putAside } = await twoListeners()
    await broker.publish(
      'orders',
      ['a', 'b', 'c'].map((order) => orderCancelled(`order-${order}.3.0`)),
    )
    await putAside('payment', 3)
    const treated = await deadLetters('payment').drop({ id: 'order-b.3.0' })
    expect(treated.done).toMatchObject([{ id: 'order-b.3.0' }])
    expect((await deadLetters('payment').list()).map(({ id }) => id).sort()).toEqual(['order-a.3.0', 'order-c.3.0'])
    expect(await deadLetters('payment').drop({ reason: 'Other' })).toEqual({ done: [], failed: [] })
    expect(await deadLetters('payment').list({ reason: 'BadData' })).toHaveLength(2)
  })
})
