import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus'
import { describe, expect, test } from 'vitest'
import { depthOf, ManualClock, startBus, until } from './bus.ts'
import { configOf } from './config.ts'

const wait = { maxWaitTimeInMs: 2000 }

async function one(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, wait)
  if (!message) throw new Error(`nothing came from ${receiver.entityPath}`)
  return message
}

const queue = (properties: object = {}) => configOf({ queues: { work: properties } })
const send = (client: ServiceBusClient, ...bodies: unknown[]) =>
  client.createSender('work').sendMessages(bodies.map((body, at) => ({ body, messageId: `m${at}` })))

describe('a message that is locked', { timeout: 20_000 }, () => {
  test('is gone when completed', async () => {
    const { bus, client } = await startBus({ config: queue() })
    await send(client, 'a')
    const receiver = client.createReceiver('work')
    await receiver.completeMessage(await one(receiver))
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 0, locked: 0, deadLetter: 0 })
  })

  test('comes back at its old place when abandoned, with one more delivery counted', async () => {
    const { client } = await startBus({ config: queue() })
    await send(client, 'a', 'b')
    const receiver = client.createReceiver('work')
    const first = await one(receiver)
    expect(first).toMatchObject({ body: 'a', deliveryCount: 0 })
    await receiver.abandonMessage(first)
    expect(await one(receiver)).toMatchObject({ body: 'a', deliveryCount: 1 })
    expect(await one(receiver)).toMatchObject({ body: 'b', deliveryCount: 0 })
  })

  test('keeps the properties an abandon modified', async () => {
    const { client } = await startBus({ config: queue() })
    await client.createSender('work').sendMessages({ body: 'a', applicationProperties: { kept: 1, changed: 'old' } })
    const receiver = client.createReceiver('work')
    await receiver.abandonMessage(await one(receiver), { changed: 'new' })
    expect((await one(receiver)).applicationProperties).toEqual({ kept: 1, changed: 'new' })
  })

  test('goes to the dead letters with reason, description, properties and source, and can be completed there', async () => {
    const { bus, client } = await startBus({ config: queue() })
    await send(client, { some: 'body' })
    const receiver = client.createReceiver('work')
    await receiver.deadLetterMessage(await one(receiver), {
      deadLetterReason: 'unreadable',
      deadLetterErrorDescription: 'no total',
      attempt: 3,
    })
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 0, deadLetter: 1 })
    const dead = client.createReceiver('work', { subQueueType: 'deadLetter' })
    const letter = await one(dead)
    expect(letter).toMatchObject({
      body: { some: 'body' },
      messageId: 'm0',
      deadLetterReason: 'unreadable',
      deadLetterErrorDescription: 'no total',
      deadLetterSource: 'work',
    })
    expect(letter.applicationProperties).toMatchObject({ attempt: 3 })
    await dead.completeMessage(letter)
    expect(await depthOf(bus, 'work')).toMatchObject({ deadLetter: 0 })
  })

  test('goes to the dead letters when it was delivered too often', async () => {
    const { client } = await startBus({ config: queue({ MaxDeliveryCount: 2 }) })
    await send(client, 'a')
    const receiver = client.createReceiver('work')
    await receiver.abandonMessage(await one(receiver))
    await receiver.abandonMessage(await one(receiver))
    const letter = await one(client.createReceiver('work', { subQueueType: 'deadLetter' }))
    expect(letter.deadLetterReason).toBe('MaxDeliveryCountExceeded')
  })

  test('is delivered again when its lock expires, and the old lock settles nothing', async () => {
    const clock = new ManualClock()
    const { client } = await startBus({ config: queue({ LockDuration: 'PT30S' }), clock })
    await send(client, 'a')
    const receiver = client.createReceiver('work')
    const first = await one(receiver)
    clock.advance(30_001)
    await expect(receiver.completeMessage(first)).rejects.toMatchObject({ code: 'MessageLockLost' })
    const second = await one(receiver)
    expect(second).toMatchObject({ body: 'a', deliveryCount: 1 })
    await receiver.completeMessage(second)
  })

  test('stays locked while its lock is renewed', async () => {
    const clock = new ManualClock()
    const { bus, client } = await startBus({ config: queue({ LockDuration: 'PT30S' }), clock })
    await send(client, 'a')
    const receiver = client.createReceiver('work')
    const message = await one(receiver)
    clock.advance(20_000)
    const until = await receiver.renewMessageLock(message)
    expect(until.getTime()).toBe(clock.now() + 30_000)
    clock.advance(20_000)
    expect(await depthOf(bus, 'work')).toMatchObject({ locked: 1 })
    await receiver.completeMessage(message)
  })

  test('cannot be renewed when its lock is lost', async () => {
    const clock = new ManualClock()
    const { client } = await startBus({ config: queue({ LockDuration: 'PT30S' }), clock })
    await send(client, 'a')
    const receiver = client.createReceiver('work')
    const message = await one(receiver)
    clock.advance(30_001)
    await expect(receiver.renewMessageLock(message)).rejects.toMatchObject({ code: 'MessageLockLost' })
  })

  test('stays locked when its receiver is closed, and is settled all the same', async () => {
    const { bus, client } = await startBus({ config: queue() })
    await send(client, 'a', 'b')
    const receiver = client.createReceiver('work')
    const messages = await receiver.receiveMessages(2, wait)
    await receiver.close()
    expect(await depthOf(bus, 'work')).toMatchObject({ locked: 2 })
    const other = client.createReceiver('work')
    await other.completeMessage(messages[0] as ServiceBusReceivedMessage)
    await other.deadLetterMessage(messages[1] as ServiceBusReceivedMessage, {
      deadLetterReason: 'late',
      deadLetterErrorDescription: '',
    })
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 0, deadLetter: 1 })
  })

  test('is free at once when its client is gone, if the broker is told to release locks', async () => {
    const { client, bus } = await startBus({ config: queue(), releaseLocksOnDisconnect: true })
    await send(client, 'a')
    const receiver = client.createReceiver('work')
    await one(receiver)
    await receiver.close()
    await until(
      () => depthOf(bus, 'work'),
      ({ locked }) => locked === 0,
    )
    expect(await one(client.createReceiver('work'))).toMatchObject({ body: 'a', deliveryCount: 1 })
  })

  test('is answered for itself when a neighbour settled in the same tick has lost its lock', async () => {
    const clock = new ManualClock()
    const { bus, client } = await startBus({ config: queue({ LockDuration: 'PT30S' }), clock })
    await send(client, 'a', 'b')
    const receiver = client.createReceiver('work')
    const early = await one(receiver)
    clock.advance(20_000)
    const late = await one(receiver)
    clock.advance(10_001)
    const [lost, settled] = await Promise.allSettled([early, late].map((message) => receiver.completeMessage(message)))
    expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'MessageLockLost' } })
    expect(settled).toMatchObject({ status: 'fulfilled' })
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 1, locked: 0 })
  })

  test('a dead letter cannot be dead-lettered', async () => {
    const { client } = await startBus({ config: queue({ MaxDeliveryCount: 1 }) })
    await send(client, 'a')
    const receiver = client.createReceiver('work')
    await receiver.abandonMessage(await one(receiver))
    const dead = client.createReceiver('work', { subQueueType: 'deadLetter' })
    await expect(dead.deadLetterMessage(await one(dead))).rejects.toThrow(/cannot be dead-lettered/)
  })
})

describe('a message that is deferred', { timeout: 20_000 }, () => {
  test('is received by its sequence number only', async () => {
    const { bus, client } = await startBus({ config: queue() })
    await send(client, 'a', 'b')
    const receiver = client.createReceiver('work')
    const first = await one(receiver)
    await receiver.deferMessage(first)
    expect(await one(receiver)).toMatchObject({ body: 'b' })
    const sequence = first.sequenceNumber as NonNullable<typeof first.sequenceNumber>
    const [deferred] = await receiver.receiveDeferredMessages(sequence)
    expect(deferred).toMatchObject({ body: 'a', state: 'deferred' })
    await receiver.completeMessage(deferred as ServiceBusReceivedMessage)
    await expect(receiver.receiveDeferredMessages(sequence)).rejects.toMatchObject({ code: 'MessageNotFound' })
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 1 })
  })

  test('stays deferred when it is abandoned', async () => {
    const { client } = await startBus({ config: queue() })
    await send(client, 'a')
    const receiver = client.createReceiver('work')
    const message = await one(receiver)
    const sequence = message.sequenceNumber as NonNullable<typeof message.sequenceNumber>
    await receiver.deferMessage(message)
    const [deferred] = await receiver.receiveDeferredMessages(sequence)
    await receiver.abandonMessage(deferred as ServiceBusReceivedMessage)
    expect(await receiver.receiveDeferredMessages(sequence)).toHaveLength(1)
  })
})
