import { describe, expect, test } from 'vitest'
import { depthOf, startBus } from './bus.ts'
import { configOf } from './config.ts'

const wait = { maxWaitTimeInMs: 2000 }
const queue = (properties: object = {}) => configOf({ queues: { work: properties } })

describe('a message arrives as it was sent', { timeout: 20_000 }, () => {
  test.each([
    ['JSON', { a: [1, 'two', null] }],
    ['text', 'plain'],
    ['bytes', Buffer.from([0, 1, 255])],
    ['nothing', null],
  ])('%s', async (_, body) => {
    const { client } = await startBus({ config: queue() })
    await client.createSender('work').sendMessages({ body })
    const [message] = await client.createReceiver('work').receiveMessages(1, wait)
    expect(message?.body).toEqual(body)
  })

  test('with all its properties', async () => {
    const { client } = await startBus({ config: queue() })
    const sent = {
      body: 'x',
      messageId: 'id-1',
      correlationId: 'c-1',
      subject: 'greeting',
      contentType: 'text/plain',
      replyTo: 'back',
      to: 'there',
      sessionId: 's-1',
      replyToSessionId: 'rs-1',
      partitionKey: 's-1',
      timeToLive: 60_000,
      applicationProperties: { text: 'ü', number: 1.5, whole: 7, yes: true },
    }
    await client.createSender('work').sendMessages(sent)
    const [message] = await client.createReceiver('work').receiveMessages(1, wait)
    expect(message).toMatchObject(sent)
    expect(message?.enqueuedTimeUtc).toBeInstanceOf(Date)
    expect(message?.sequenceNumber?.toNumber()).toBe(1)
  })

  test('with an id, when its sender gave none', async () => {
    const { client } = await startBus({ config: queue() })
    await client.createSender('work').sendMessages({ body: 'x', messageId: undefined as never })
    const receiver = client.createReceiver('work')
    const [message] = await receiver.receiveMessages(1, wait)
    expect(message?.messageId).toMatch(/./)
    if (message) await receiver.completeMessage(message)
  })

  test('in many frames, both ways, when it is large', async () => {
    const { client } = await startBus({ config: queue() })
    const body = Buffer.alloc(900_000, 7)
    await client.createSender('work').sendMessages({ body })
    const [message] = await client.createReceiver('work').receiveMessages(1, wait)
    expect(body.equals(message?.body)).toBe(true)
  })
})

describe('sending', { timeout: 20_000 }, () => {
  test('a batch arrives in order', async () => {
    const { client } = await startBus({ config: queue() })
    const sender = client.createSender('work')
    const batch = await sender.createMessageBatch()
    for (let at = 0; at < 100; at += 1) expect(batch.tryAddMessage({ body: at })).toBe(true)
    await sender.sendMessages(batch)
    const messages = await client.createReceiver('work').receiveMessages(100, wait)
    expect(messages.map((message) => message.body)).toEqual(Array.from({ length: 100 }, (_, at) => at))
  })

  test('a batch takes no more than the limit, which the client learns from the link', async () => {
    const { client } = await startBus({ config: queue(), maxMessageSize: 4096 })
    const batch = await client.createSender('work').createMessageBatch()
    expect(batch.maxSizeInBytes).toBe(4096)
    expect(batch.tryAddMessage({ body: Buffer.alloc(5000) })).toBe(false)
  })

  test('a message above the limit is refused', async () => {
    const { bus, client } = await startBus({ config: queue(), maxMessageSize: 4096 })
    await expect(client.createSender('work').sendMessages({ body: Buffer.alloc(5000) })).rejects.toMatchObject({
      code: 'MessageSizeExceeded',
    })
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 0 })
  })

  test('is refused when the namespace is full, and works again when there is room', async () => {
    const { client } = await startBus({ config: queue(), quota: 10_000 })
    const sender = client.createSender('work')
    const body = Buffer.alloc(6000)
    await sender.sendMessages({ body })
    await expect(sender.sendMessages({ body })).rejects.toMatchObject({ code: 'QuotaExceeded' })
    const receiver = client.createReceiver('work', { receiveMode: 'receiveAndDelete' })
    expect(await receiver.receiveMessages(1, wait)).toHaveLength(1)
    await sender.sendMessages({ body })
  })

  test('a refused message does not spoil its neighbours of the same tick', async () => {
    const { bus, client } = await startBus({ config: queue(), maxMessageSize: 4096 })
    const sender = client.createSender('work')
    const bodies = ['a', 'b', Buffer.alloc(5000), 'c', Buffer.alloc(5000), Buffer.alloc(5000), 'd']
    const outcomes = await Promise.allSettled(bodies.map((body) => sender.sendMessages({ body })))
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true, false, false, true])
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 4 })
  })

  test('two thousand messages at once are all taken', async () => {
    const { bus, client } = await startBus({ config: queue() })
    const sender = client.createSender('work')
    await Promise.all(Array.from({ length: 2000 }, (_, body) => sender.sendMessages({ body })))
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 2000 })
  })
})
