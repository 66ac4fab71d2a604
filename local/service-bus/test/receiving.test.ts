import { describe, expect, test } from 'vitest'
import { clientOf, depthOf, startBus, until } from './bus.ts'
import { configOf } from './config.ts'

const wait = { maxWaitTimeInMs: 2000 }
const queue = (properties: object = {}) => configOf({ queues: { work: properties } })

describe('receiving', { timeout: 20_000 }, () => {
  test('more than any window or ring holds goes on to the end', async () => {
    const { bus, client } = await startBus({ config: queue() })
    const sender = client.createSender('work')
    const count = 6000
    for (let at = 0; at < count; at += 1000) {
      await sender.sendMessages(Array.from({ length: 1000 }, (_, index) => ({ body: at + index })))
    }
    const seen = new Set<number>()
    const receiver = client.createReceiver('work')
    receiver.subscribe(
      {
        processMessage: async ({ body }) => void seen.add(body),
        processError: ({ error }) => Promise.reject(error),
      },
      { maxConcurrentCalls: 50 },
    )
    await until(
      () => depthOf(bus, 'work'),
      ({ active }) => active === 0,
    )
    expect(seen.size).toBe(count)
  })

  test('one message that stays locked does not hold up the others', async () => {
    const { bus, client } = await startBus({ config: queue() })
    const sender = client.createSender('work')
    for (let at = 0; at < 2; at += 1) {
      await sender.sendMessages(Array.from({ length: 1000 }, (_, index) => ({ body: at * 1000 + index })))
    }
    // The client itself takes no more than 2048 behind one that it has not settled.
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    client.createReceiver('work').subscribe(
      {
        processMessage: ({ body }) => (body === 0 ? held : Promise.resolve()),
        processError: ({ error }) => Promise.reject(error),
      },
      { maxConcurrentCalls: 20 },
    )
    await until(
      () => depthOf(bus, 'work'),
      ({ active }) => active === 1,
    )
    release?.()
    await until(
      () => depthOf(bus, 'work'),
      ({ active }) => active === 0,
    )
  })

  test('two clients share a queue', async () => {
    const { bus, client } = await startBus({ config: queue() })
    const counts = [0, 0]
    for (const [at, each] of [client, clientOf(bus.connectionString)].entries()) {
      each.createReceiver('work').subscribe({
        processMessage: async () => {
          counts[at] = (counts[at] ?? 0) + 1
        },
        processError: ({ error }) => Promise.reject(error),
      })
    }
    await client.createSender('work').sendMessages(Array.from({ length: 50 }, (_, body) => ({ body })))
    await until(
      () => counts.reduce((sum, count) => sum + count),
      (sum) => sum === 50,
    )
    expect(Math.min(...counts)).toBeGreaterThan(0)
  })

  test('receive and delete removes what it hands out', async () => {
    const { bus, client } = await startBus({ config: queue() })
    await client.createSender('work').sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }])
    const receiver = client.createReceiver('work', { receiveMode: 'receiveAndDelete' })
    const messages = await receiver.receiveMessages(2, wait)
    expect(messages.map((message) => message.body)).toEqual([1, 2])
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 1, locked: 0 })
  })

  test.each(['peekLock', 'receiveAndDelete'] as const)(
    '%s: what there is comes in time, and the link lives on',
    async (receiveMode) => {
      const { client } = await startBus({ config: queue() })
      const sender = client.createSender('work')
      const receiver = client.createReceiver('work', { receiveMode })
      await sender.sendMessages({ body: 1 })
      expect(await receiver.receiveMessages(10, { maxWaitTimeInMs: 300 })).toHaveLength(1)
      expect(await receiver.receiveMessages(10, { maxWaitTimeInMs: 50 })).toHaveLength(0)
      await sender.sendMessages({ body: 2 })
      expect(await receiver.receiveMessages(10, wait)).toHaveLength(1)
    },
  )

  test('peek shows without locking, from any sequence number', async () => {
    const { bus, client } = await startBus({ config: queue() })
    await client.createSender('work').sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }])
    const receiver = client.createReceiver('work')
    expect((await receiver.peekMessages(2)).map((message) => message.body)).toEqual([1, 2])
    expect((await receiver.peekMessages(2)).map((message) => message.body)).toEqual([3])
    expect(await receiver.peekMessages(2)).toEqual([])
    const [message] = await receiver.receiveMessages(1, wait)
    const from = message?.sequenceNumber?.add(1) as never
    expect((await receiver.peekMessages(5, { fromSequenceNumber: from })).map(({ body }) => body)).toEqual([2, 3])
    expect(await depthOf(bus, 'work')).toMatchObject({ active: 3, locked: 1 })
  })
})
