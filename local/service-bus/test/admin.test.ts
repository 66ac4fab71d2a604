import { describe, expect, test } from 'vitest'
import { adminOf, startBus } from './bus.ts'
import { configOf, correlation } from './config.ts'

const config = configOf({
  queues: { work: { LockDuration: 'PT30S', MaxDeliveryCount: 3 } },
  topics: {
    news: {
      properties: { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: 'PT5M' },
      subscriptions: {
        all: {},
        some: {
          rules: [
            correlation('mine', { Label: 'a<b&c', Properties: { k: 'v', n: 7 } }),
            correlation('other', { To: 'x' }),
          ],
        },
      },
    },
  },
})

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const each of pages) found.push(each)
  return found
}

describe('the administration client reads', { timeout: 20_000 }, () => {
  test('entities with their settings', async () => {
    const { bus } = await startBus({ config })
    const admin = adminOf(bus)
    expect(await admin.getQueue('work')).toMatchObject({ name: 'work', lockDuration: 'PT30S', maxDeliveryCount: 3 })
    expect(await admin.getTopic('news')).toMatchObject({
      name: 'news',
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryTimeWindow: 'PT5M',
    })
    expect(await admin.getSubscription('news', 'all')).toMatchObject({
      topicName: 'news',
      subscriptionName: 'all',
      lockDuration: 'PT1M',
      requiresSession: false,
    })
    expect((await admin.getNamespaceProperties()).name).toBe('test')
  })

  test('rules with their filters', async () => {
    const { bus } = await startBus({ config })
    const admin = adminOf(bus)
    expect(await admin.getRule('news', 'some', 'mine')).toMatchObject({
      name: 'mine',
      filter: { subject: 'a<b&c', applicationProperties: { k: 'v', n: 7 } },
    })
    expect(await admin.getRule('news', 'all', '$Default')).toMatchObject({ filter: { sqlExpression: '1=1' } })
  })

  test('lists of each kind, page by page', async () => {
    const { bus } = await startBus({ config })
    const admin = adminOf(bus)
    expect((await all(admin.listQueues())).map(({ name }) => name)).toEqual(['work'])
    expect((await all(admin.listTopics())).map(({ name }) => name)).toEqual(['news'])
    const names = (await all(admin.listSubscriptions('news'))).map(({ subscriptionName }) => subscriptionName)
    expect(names).toEqual(['all', 'some'])
    expect((await all(admin.listRules('news', 'some'))).map(({ name }) => name)).toEqual(['mine', 'other'])
    const pages = await all(admin.listRules('news', 'some').byPage({ maxPageSize: 1 }))
    expect(pages.flat().map(({ name }) => name)).toEqual(['mine', 'other'])
  })

  test('whether something exists', async () => {
    const { bus } = await startBus({ config })
    const admin = adminOf(bus)
    expect(await admin.queueExists('work')).toBe(true)
    expect(await admin.queueExists('nothing')).toBe(false)
    expect(await admin.queueExists('news')).toBe(false)
    expect(await admin.topicExists('news')).toBe(true)
    expect(await admin.subscriptionExists('news', 'all')).toBe(true)
    expect(await admin.subscriptionExists('news', 'nothing')).toBe(false)
    expect(await admin.ruleExists('news', 'some', 'nothing')).toBe(false)
    await expect(admin.getSubscription('news', 'nothing')).rejects.toMatchObject({ code: 'MessageEntityNotFoundError' })
  })

  test('how many messages there are', async () => {
    const { bus, client } = await startBus({ config })
    const sender = client.createSender('news')
    await sender.sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }])
    await sender.scheduleMessages({ body: 4 }, new Date(Date.now() + 3_600_000))
    const receiver = client.createReceiver('news', 'all')
    const [first] = await receiver.receiveMessages(2, { maxWaitTimeInMs: 2000 })
    if (first) await receiver.deadLetterMessage(first)
    const admin = adminOf(bus)
    expect(await admin.getSubscriptionRuntimeProperties('news', 'all')).toMatchObject({
      activeMessageCount: 2,
      deadLetterMessageCount: 1,
      totalMessageCount: 3,
    })
    expect(await admin.getTopicRuntimeProperties('news')).toMatchObject({
      scheduledMessageCount: 1,
      subscriptionCount: 2,
    })
    await client.createSender('work').sendMessages({ body: 1 })
    expect(await admin.getQueueRuntimeProperties('work')).toMatchObject({ activeMessageCount: 1, totalMessageCount: 1 })
  })
})

describe('the administration API refuses', { timeout: 20_000 }, () => {
  test('every write, by its name', async () => {
    const { bus } = await startBus({ config })
    const admin = adminOf(bus)
    await expect(admin.createQueue('new')).rejects.toMatchObject({
      statusCode: 405,
      message: expect.stringContaining('PUT'),
    })
    await expect(admin.deleteSubscription('news', 'all')).rejects.toMatchObject({ statusCode: 405 })
    expect(await admin.queueExists('new')).toBe(false)
  })

  test('a request without the key', async () => {
    const { bus } = await startBus({ config })
    const response = await fetch(`http://127.0.0.1:${bus.adminPort}/work`)
    expect(response.status).toBe(401)
  })
})

test('depths and readiness can be asked without a key', async () => {
  const { bus, client } = await startBus({ config })
  await client.createSender('work').sendMessages({ body: 1 })
  await client.createReceiver('work').receiveMessages(1, { maxWaitTimeInMs: 2000 })
  const base = `http://127.0.0.1:${bus.adminPort}`
  expect(await (await fetch(`${base}/health/ready`)).json()).toEqual({ status: 'ready' })
  expect(await (await fetch(`${base}/flotilla/depths`)).json()).toEqual([
    {
      entity: 'work',
      active: 1,
      deadLetter: 0,
      scheduled: 0,
      locked: 1,
      oldestEnqueuedAt: expect.stringMatching(/^\d{4}-/),
    },
    { entity: 'news', active: 0, deadLetter: 0, scheduled: 0, locked: 0, oldestEnqueuedAt: null },
    { entity: 'news/Subscriptions/all', active: 0, deadLetter: 0, scheduled: 0, locked: 0, oldestEnqueuedAt: null },
    { entity: 'news/Subscriptions/some', active: 0, deadLetter: 0, scheduled: 0, locked: 0, oldestEnqueuedAt: null },
  ])
})
