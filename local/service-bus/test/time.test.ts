import { describe, expect, test } from 'vitest'
import { depthOf, ManualClock, startBus } from './bus.ts'
import { configOf } from './config.ts'

const wait = { maxWaitTimeInMs: 2000 }
const queue = (properties: object = {}) => configOf({ queues: { work: properties } })

describe('time', { timeout: 20_000 }, () => {
  test.each([
    ['its own', {}, { timeToLive: 5000 }],
    ["the queue's", { DefaultMessageTimeToLive: 'PT5S' }, {}],
    ['the shorter of both', { DefaultMessageTimeToLive: 'PT5S' }, { timeToLive: 60_000 }],
  ])('a message expires after %s time to live', async (_, properties, extra) => {
    const clock = new ManualClock()
    const { bus, client } = await startBus({ config: queue(properties), clock })
    await client.createSender('work').sendMessages({ body: 'x', ...extra })
    clock.advance(4999)
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 1 })
    clock.advance(2)
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 0, deadLetter: 0 })
  })

  test('an expired message is dead-lettered if the queue says so, and does not expire there', async () => {
    const clock = new ManualClock()
    const properties = { DefaultMessageTimeToLive: 'PT5S', DeadLetteringOnMessageExpiration: true }
    const { bus, client } = await startBus({ config: queue(properties), clock })
    await client.createSender('work').sendMessages({ body: 'x', timeToLive: 4000 })
    clock.advance(1_800_000)
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 0, deadLetter: 1 })
    const [letter] = await client.createReceiver('work', { subQueueType: 'deadLetter' }).receiveMessages(1, wait)
    expect(letter?.deadLetterReason).toBe('TTLExpiredException')
  })

  test('a locked message does not expire under its holder', async () => {
    const clock = new ManualClock()
    const { bus, client } = await startBus({ config: queue({ DefaultMessageTimeToLive: 'PT5S' }), clock })
    await client.createSender('work').sendMessages({ body: 'x' })
    const receiver = client.createReceiver('work')
    const [message] = await receiver.receiveMessages(1, wait)
    clock.advance(10_000)
    if (message) await receiver.completeMessage(message)
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 0, deadLetter: 0 })
  })

  test('a scheduled message appears when it is due', async () => {
    const clock = new ManualClock()
    const { bus, client } = await startBus({ config: queue(), clock })
    const sender = client.createSender('work')
    const scheduledEnqueueTimeUtc = new Date(clock.now() + 60_000)
    await sender.sendMessages({ body: 'by annotation', scheduledEnqueueTimeUtc })
    await sender.scheduleMessages({ body: 'by request' }, scheduledEnqueueTimeUtc)
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 0, scheduled: 2 })
    const receiver = client.createReceiver('work')
    expect((await receiver.peekMessages(5)).map(({ state }) => state)).toEqual(['scheduled', 'scheduled'])
    clock.advance(60_000)
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 2, scheduled: 0 })
    const bodies = (await receiver.receiveMessages(2, wait)).map(({ body }) => body)
    expect(bodies).toEqual(['by annotation', 'by request'])
  })

  test('a scheduled message can be cancelled, once', async () => {
    const clock = new ManualClock()
    const { bus, client } = await startBus({ config: queue(), clock })
    const sender = client.createSender('work')
    const sequences = await sender.scheduleMessages([{ body: 1 }, { body: 2 }], new Date(clock.now() + 60_000))
    await sender.cancelScheduledMessages(sequences[0] as never)
    clock.advance(60_000)
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 1, scheduled: 0 })
    await expect(sender.cancelScheduledMessages(sequences[0] as never)).rejects.toMatchObject({
      code: 'MessageNotFound',
    })
  })

  test('a repeated message id is dropped within the window and taken after it', async () => {
    const clock = new ManualClock()
    const properties = { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: 'PT1M' }
    const { bus, client } = await startBus({ config: queue(properties), clock })
    const sender = client.createSender('work')
    await sender.sendMessages({ body: 1, messageId: 'same' })
    await sender.sendMessages([
      { body: 2, messageId: 'same' },
      { body: 3, messageId: 'other' },
      { body: 4, messageId: 'other' },
    ])
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 2 })
    clock.advance(60_001)
    await sender.sendMessages({ body: 5, messageId: 'same' })
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 3 })
  })
})
