import { describe, expect, test } from 'vitest'
import { clientOf, startBus } from './bus.ts'
import { configOf } from './config.ts'

const wait = { maxWaitTimeInMs: 200 }
const config = configOf({ queues: { work: {} }, topics: { news: { subscriptions: { s: {} } } } })

describe('a client is refused', { timeout: 20_000 }, () => {
  test('with a wrong key', async () => {
    const { bus } = await startBus({ config })
    const client = clientOf(bus.connectionString.replace('SAS_KEY_VALUE', 'another'))
    await expect(client.createSender('work').sendMessages({ body: 1 })).rejects.toMatchObject({
      code: 'UnauthorizedAccess',
    })
  })

  test('with the name of another key', async () => {
    const { bus } = await startBus({ config })
    const client = clientOf(bus.connectionString.replace('RootManage', 'Other'))
    await expect(client.createSender('work').sendMessages({ body: 1 })).rejects.toThrow(/OtherSharedAccessKey/)
  })

  test.each([
    ['a queue', 'nowhere', undefined],
    ['a subscription', 'news', 'nowhere'],
  ])('%s that does not exist', async (_, entity, subscription) => {
    const { client } = await startBus({ config })
    const receiver = subscription ? client.createReceiver(entity, subscription) : client.createReceiver(entity)
    await expect(receiver.receiveMessages(1, wait)).rejects.toMatchObject({ code: 'MessagingEntityNotFound' })
    if (subscription) return
    await expect(client.createSender(entity).sendMessages({ body: 1 })).rejects.toMatchObject({
      code: 'MessagingEntityNotFound',
    })
  })

  test('receiving from a topic', async () => {
    const { client } = await startBus({ config })
    await expect(client.createReceiver('news').receiveMessages(1, wait)).rejects.toThrow(
      /receive from one of its subscr/,
    )
  })

  test('sending to a subscription', async () => {
    const { client } = await startBus({ config })
    const sender = client.createSender('news/Subscriptions/s')
    await expect(sender.sendMessages({ body: 1 })).rejects.toThrow(/cannot be sent to/)
  })
})

describe('what is not supported is refused by its name', { timeout: 20_000 }, () => {
  test('a named session', async () => {
    const { client } = await startBus({ config })
    // The client hides the broker's words behind its own when it asked for one session.
    await expect(client.acceptSession('work', 'a')).rejects.toMatchObject({ code: 'SessionCannotBeLocked' })
  })

  test('the next session', async () => {
    const { client } = await startBus({ config })
    await expect(client.acceptNextSession('work')).rejects.toThrow(/sessions are not supported/)
  })

  test('the transfer dead-letter queue', async () => {
    const { client } = await startBus({ config })
    const receiver = client.createReceiver('work', { subQueueType: 'transferDeadLetter' })
    await expect(receiver.receiveMessages(1, wait)).rejects.toThrow(/transfer dead-letter queues are not supported/)
  })

  test('adding a rule', async () => {
    const { client } = await startBus({ config })
    const rules = client.createRuleManager('news', 's')
    await expect(rules.createRule('new', { subject: 'x' })).rejects.toThrow(/com.microsoft:add-rule is not supported/)
  })

  test('removing a rule', async () => {
    const { client } = await startBus({ config })
    const rules = client.createRuleManager('news', 's')
    await expect(rules.deleteRule('$Default')).rejects.toThrow(/com.microsoft:remove-rule is not supported/)
  })
})
