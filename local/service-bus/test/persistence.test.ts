import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServiceBusClient } from '@azure/service-bus'
import { describe, expect, onTestFinished, test } from 'vitest'
import { depthOf, ManualClock, startBus } from './bus.ts'
import { configOf } from './config.ts'

const wait = { maxWaitTimeInMs: 2000 }
const config = configOf({
  queues: { work: { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: 'PT10M' } },
  topics: { news: { subscriptions: { a: {}, b: {} } } },
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'service-bus-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

const journals = (directory: string) => readdirSync(directory).filter((file) => file.endsWith('.journal'))
const sizeOf = (directory: string) =>
  journals(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0)

async function take(client: ServiceBusClient, count: number) {
  const receiver = client.createReceiver('work')
  const messages = await receiver.receiveMessages(count, wait)
  expect(messages).toHaveLength(count)
  return { receiver, messages }
}

describe('after a restart', { timeout: 20_000 }, () => {
  test('what was sent is there, what was settled is not, in order and with its sequence numbers', async () => {
    const data = newDirectory()
    const before = await startBus({ config, data })
    await before.client.createSender('work').sendMessages([1, 2, 3, 4].map((body) => ({ body })))
    const { messages, receiver } = await take(before.client, 2)
    await Promise.all(messages.map((message) => receiver.completeMessage(message)))
    await before.stop()
    const { client } = await startBus({ config, data })
    await client.createSender('work').sendMessages({ body: 5 })
    const found = await client.createReceiver('work').peekMessages(10)
    expect(found.map(({ body, sequenceNumber }) => [body, sequenceNumber?.toNumber()])).toEqual([
      [3, 3],
      [4, 4],
      [5, 5],
    ])
  })

  test('sequence numbers go on even if nothing is left', async () => {
    const data = newDirectory()
    for (const expected of [1, 2, 3]) {
      const { client, stop } = await startBus({ config, data })
      await client.createSender('work').sendMessages({ body: expected })
      const receiver = client.createReceiver('work', { receiveMode: 'receiveAndDelete' })
      const [message] = await receiver.receiveMessages(1, wait)
      expect(message?.sequenceNumber?.toNumber()).toBe(expected)
      await stop()
    }
  })

  test('a message that was locked is free, and its old lock settles nothing', async () => {
    const data = newDirectory()
    const before = await startBus({ config, data })
    await before.client.createSender('work').sendMessages({ body: 1 })
    const { messages } = await take(before.client, 1)
    await before.stop()
    const { client } = await startBus({ config, data })
    const receiver = client.createReceiver('work')
    await expect(receiver.completeMessage(messages[0] as never)).rejects.toMatchObject({ code: 'MessageLockLost' })
    expect(await receiver.receiveMessages(1, wait)).toMatchObject([{ body: 1, deliveryCount: 0 }])
  })

  test('delivery counts, modified properties, deferrals and dead letters are as they were', async () => {
    const data = newDirectory()
    const before = await startBus({ config, data })
    await before.client
      .createSender('work')
      .sendMessages(['abandon', 'modify', 'defer', 'dead'].map((body) => ({ body })))
    const { messages, receiver } = await take(before.client, 4)
    const [abandoned, modified, deferred, dead] = messages as [never, never, (typeof messages)[0], never]
    await receiver.abandonMessage(abandoned)
    await receiver.abandonMessage(modified, { note: 'changed' })
    await receiver.deferMessage(deferred)
    await receiver.deadLetterMessage(dead, { deadLetterReason: 'why', deadLetterErrorDescription: 'because' })
    await before.stop()
    const { client } = await startBus({ config, data })
    const after = client.createReceiver('work')
    expect(await after.receiveMessages(4, { maxWaitTimeInMs: 300 })).toMatchObject([
      { body: 'abandon', deliveryCount: 1 },
      { body: 'modify', deliveryCount: 1, applicationProperties: { note: 'changed' } },
    ])
    expect(await after.receiveDeferredMessages(deferred.sequenceNumber as never)).toMatchObject([{ body: 'defer' }])
    const letters = await client.createReceiver('work', { subQueueType: 'deadLetter' }).receiveMessages(1, wait)
    expect(letters).toMatchObject([
      { body: 'dead', deadLetterReason: 'why', deadLetterErrorDescription: 'because', deadLetterSource: 'work' },
    ])
  })

  test('each subscription has its own copy', async () => {
    const data = newDirectory()
    const before = await startBus({ config, data })
    await before.client.createSender('news').sendMessages({ body: 1, partitionKey: 'p' })
    const receiver = before.client.createReceiver('news', 'a')
    for (const message of await receiver.receiveMessages(1, wait)) await receiver.completeMessage(message)
    await before.stop()
    const { client } = await startBus({ config, data })
    expect(await client.createReceiver('news', 'a').peekMessages(1)).toEqual([])
    expect(await client.createReceiver('news', 'b').peekMessages(1)).toMatchObject([{ body: 1, partitionKey: 'p' }])
  })

  test('scheduled messages are still due, expired ones expire, and repeated ids are still known', async () => {
    const data = newDirectory()
    const clock = new ManualClock()
    const before = await startBus({ config, clock, data })
    const sender = before.client.createSender('work')
    await sender.scheduleMessages({ body: 'later', messageId: 'l' }, new Date(clock.now() + 60_000))
    await sender.sendMessages({ body: 'short', messageId: 's', timeToLive: 60_000 })
    await before.stop()
    clock.advance(61_000)
    const { bus, client } = await startBus({ config, clock, data })
    clock.advance(1)
    await client.createSender('work').sendMessages([
      { body: 'again', messageId: 's' },
      { body: 'again', messageId: 'l' },
    ])
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 1, scheduled: 0 })
    expect(await client.createReceiver('work').peekMessages(2)).toMatchObject([{ body: 'later' }])
  })

  test('messages of an entity that is no longer declared are dropped, and it is said', async () => {
    const data = newDirectory()
    const before = await startBus({ config, data })
    await before.client.createSender('news').sendMessages({ body: 1 })
    await before.stop()
    const { bus } = await startBus({ config: configOf({ topics: { news: { subscriptions: { a: {} } } } }), data })
    expect(bus.orphans).toEqual([{ entity: 'news/Subscriptions/b', messages: 1 }])
    expect(await depthOf(bus, 'news/Subscriptions/a')).toMatchObject({ active: 1 })
  })
})

describe('the journal', { timeout: 20_000 }, () => {
  test('does not grow with what passes through, and keeps what stays', async () => {
    const data = newDirectory()
    const segmentSize = 64 * 1024
    const before = await startBus({ config, data, segmentSize })
    const sender = before.client.createSender('work')
    await sender.sendMessages({ body: 'stays', messageId: 'stays' })
    const { messages } = await take(before.client, 1)
    expect(messages).toHaveLength(1)
    const receiver = before.client.createReceiver('work', { receiveMode: 'receiveAndDelete' })
    const body = Buffer.alloc(4000)
    for (let round = 0; round < 40; round += 1) {
      await sender.sendMessages(Array.from({ length: 50 }, (_, at) => ({ body, messageId: `${round}-${at}` })))
      for (let left = 50; left > 0; ) left -= (await receiver.receiveMessages(left, wait)).length
    }
    // 8 MB went through; a few segments and the remembered ids are left.
    expect(sizeOf(data)).toBeLessThan(1024 * 1024)
    await before.stop()
    const { bus, client } = await startBus({ config, data, segmentSize })
    await client.createSender('work').sendMessages([
      { body: 'again', messageId: 'stays' },
      { body: 'again', messageId: '0-0' },
      { body: 'again', messageId: '39-49' },
    ])
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 1 })
    expect(await client.createReceiver('work').peekMessages(2)).toMatchObject([{ body: 'stays' }])
  })

  test('that was torn by a crash is read up to the tear', async () => {
    const data = newDirectory()
    const before = await startBus({ config, data })
    const sender = before.client.createSender('work')
    await sender.sendMessages({ body: 'whole' })
    await before.stop()
    const [file] = journals(data) as [string]
    const whole = readFileSync(join(data, file))
    for (const tail of [Buffer.from([0, 0]), Buffer.alloc(200), whole.subarray(0, whole.length - 3)]) {
      const fresh = newDirectory()
      writeFileSync(join(fresh, file), whole)
      appendFileSync(join(fresh, file), tail)
      const { bus, stop } = await startBus({ config, data: fresh })
      expect(await depthOf(bus, 'work')).toMatchObject({ active: 1 })
      await stop()
    }
  })

  test('that is damaged before its end is refused, with file and byte', async () => {
    const data = newDirectory()
    const before = await startBus({ config, data })
    await before.client.createSender('work').sendMessages({ body: 'whole' })
    await before.stop()
    const [file] = journals(data) as [string]
    writeFileSync(join(data, '000000000009.journal'), readFileSync(join(data, file)))
    truncateSync(join(data, file), statSync(join(data, file)).size - 1)
    await expect(startBus({ config, data })).rejects.toThrow(/000000000001.journal is damaged at byte \d+/)
  })

  test('is written by one broker at a time', async () => {
    const data = newDirectory()
    const { stop } = await startBus({ config, data })
    await expect(startBus({ config, data })).rejects.toThrow(/in use by another broker/)
    await stop()
    await startBus({ config, data })
  })
})
