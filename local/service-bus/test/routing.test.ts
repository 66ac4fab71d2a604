import type { ServiceBusMessage } from '@azure/service-bus'
import { describe, expect, test } from 'vitest'
import { startBus } from './bus.ts'
import { configOf, correlation } from './config.ts'

const filters: readonly [
  name: string,
  filter: object,
  match: Partial<ServiceBusMessage>,
  miss: Partial<ServiceBusMessage>,
][] = [
  ['subject', { Label: 'a' }, { subject: 'a' }, { subject: 'A' }],
  ['correlation id', { CorrelationId: 'a' }, { correlationId: 'a' }, { correlationId: 'b' }],
  ['content type', { ContentType: 'text/plain' }, { contentType: 'text/plain' }, { contentType: 'text/html' }],
  ['message id', { MessageId: 'a' }, { messageId: 'a' }, { messageId: 'b' }],
  ['reply-to', { ReplyTo: 'a' }, { replyTo: 'a' }, {}],
  ['reply-to session id', { ReplyToSessionId: 'a' }, { replyToSessionId: 'a' }, {}],
  ['session id', { SessionId: 'a' }, { sessionId: 'a' }, { sessionId: 'b' }],
  ['to', { To: 'a' }, { to: 'a' }, { to: 'b' }],
  [
    'text property',
    { Properties: { k: '1' } },
    { applicationProperties: { k: '1' } },
    { applicationProperties: { k: 1 } },
  ],
  [
    'number property',
    { Properties: { k: 1 } },
    { applicationProperties: { k: 1 } },
    { applicationProperties: { k: '1' } },
  ],
  ['boolean property', { Properties: { k: true } }, { applicationProperties: { k: true } }, {}],
  [
    'all of several',
    { Label: 'a', Properties: { k: 'v' } },
    { subject: 'a', applicationProperties: { k: 'v', other: 1 } },
    { subject: 'a' },
  ],
]

describe('a correlation filter matches by', { timeout: 20_000 }, () => {
  test.each(filters)('%s', async (_, filter, match, miss) => {
    const subscriptions = { filtered: { rules: [correlation('only', filter)] } }
    const { client } = await startBus({ config: configOf({ topics: { news: { subscriptions } } }) })
    await client.createSender('news').sendMessages([
      { body: 'miss', ...miss },
      { body: 'match', ...match },
    ])
    const messages = await client.createReceiver('news', 'filtered').peekMessages(10)
    expect(messages.map(({ body }) => body)).toEqual(['match'])
  })
})

describe('a topic', { timeout: 20_000 }, () => {
  test('gives a subscription a message once, however many of its rules match', async () => {
    const rules = [correlation('one', { Label: 'a' }), correlation('two', { To: 'b' })]
    const { client } = await startBus({ config: configOf({ topics: { news: { subscriptions: { s: { rules } } } } }) })
    await client
      .createSender('news')
      .sendMessages([
        { body: 'both', subject: 'a', to: 'b' },
        { body: 'first', subject: 'a' },
        { body: 'second', to: 'b' },
        { body: 'none' },
      ])
    const messages = await client.createReceiver('news', 's').peekMessages(10)
    expect(messages.map(({ body }) => body)).toEqual(['both', 'first', 'second'])
  })

  test('gives everything to a subscription without rules, or with a true filter', async () => {
    const all = { Name: 'all', Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression: '1=1' } } }
    const subscriptions = { bare: {}, explicit: { rules: [all] } }
    const { client } = await startBus({ config: configOf({ topics: { news: { subscriptions } } }) })
    await client.createSender('news').sendMessages({ body: 1, subject: 'whatever' })
    for (const name of Object.keys(subscriptions)) {
      expect(await client.createReceiver('news', name).peekMessages(2)).toHaveLength(1)
    }
  })

  test('settles each subscription by itself', async () => {
    const { client } = await startBus({ config: configOf({ topics: { news: { subscriptions: { a: {}, b: {} } } } }) })
    await client.createSender('news').sendMessages({ body: 1 })
    const receiver = client.createReceiver('news', 'a')
    for (const message of await receiver.receiveMessages(1, { maxWaitTimeInMs: 2000 })) {
      await receiver.deadLetterMessage(message, { deadLetterReason: 'no', deadLetterErrorDescription: '' })
    }
    expect(await client.createReceiver('news', 'b').peekMessages(2)).toHaveLength(1)
    const [letter] = await client.createReceiver('news', 'a', { subQueueType: 'deadLetter' }).peekMessages(2)
    expect(letter).toMatchObject({ deadLetterReason: 'no', deadLetterSource: 'news/Subscriptions/a' })
  })

  test('finds its entities whatever the case of their names', async () => {
    const { client } = await startBus({ config: configOf({ topics: { News: { subscriptions: { Sub: {} } } } }) })
    await client.createSender('nEWS').sendMessages({ body: 1 })
    expect(await client.createReceiver('NEWS', 'sub').peekMessages(2)).toHaveLength(1)
  })

  test('says which rules a subscription has', async () => {
    const filter = { Label: 'a', CorrelationId: 'c', Properties: { k: 'v' } }
    const subscriptions = { s: { rules: [correlation('mine', filter)] }, all: {} }
    const { client } = await startBus({ config: configOf({ topics: { news: { subscriptions } } }) })
    const rulesOf = async (subscription: string) => {
      const rules = []
      for await (const rule of client.createRuleManager('news', subscription).listRules()) rules.push(rule)
      return rules
    }
    expect(await rulesOf('s')).toMatchObject([
      { name: 'mine', filter: { subject: 'a', correlationId: 'c', applicationProperties: { k: 'v' } } },
    ])
    expect(await rulesOf('all')).toMatchObject([{ name: '$Default', filter: { sqlExpression: '1=1' } }])
  })
})
