import { describe, expect, test } from 'vitest'
import { ConfigError, parseConfig } from '../src/config.ts'
import { formatDuration, parseDuration } from '../src/duration.ts'
import { configOf, correlation } from './config.ts'

const withSubscription = (subscription: object) =>
  configOf({ topics: { news: { subscriptions: { s: subscription as never } } } })
const withRule = (Properties: object) => withSubscription({ rules: [{ Name: 'r', Properties }] })
const subscriptionPath = 'UserConfig.Namespaces[0].Topics[0].Subscriptions[0]'
const rulePath = `${subscriptionPath}.Rules[0].Properties`

describe('a configuration is refused with the path of the setting', () => {
  test.each<[string, unknown, string]>([
    [
      'sessions',
      withSubscription({ properties: { RequiresSession: true } }),
      `${subscriptionPath}.Properties.RequiresSession: sessions`,
    ],
    [
      'forwarding',
      withSubscription({ properties: { ForwardTo: 'x' } }),
      `${subscriptionPath}.Properties.ForwardTo: auto-forwarding`,
    ],
    [
      'forwarding of dead letters',
      withSubscription({ properties: { ForwardDeadLetteredMessagesTo: 'x' } }),
      `${subscriptionPath}.Properties.ForwardDeadLetteredMessagesTo: forwarding dead letters`,
    ],
    [
      'SQL filters',
      withRule({ FilterType: 'Sql', SqlFilter: { SqlExpression: "color = 'red'" } }),
      `${rulePath}.SqlFilter.SqlExpression: SQL filters are not supported`,
    ],
    [
      'rule actions',
      withRule({
        FilterType: 'Correlation',
        CorrelationFilter: { Label: 'x' },
        Action: { SqlExpression: 'SET a = 1' },
      }),
      `${rulePath}: Unrecognized key: "Action"`,
    ],
    [
      'an empty filter',
      withRule({ FilterType: 'Correlation', CorrelationFilter: {} }),
      `${rulePath}.CorrelationFilter: a correlation`,
    ],
    [
      'an unknown setting',
      configOf({ queues: { q: { Colour: 1 } } }),
      'Queues[0].Properties: Unrecognized key: "Colour"',
    ],
    [
      'a bad duration',
      configOf({ queues: { q: { LockDuration: '1 minute' } } }),
      'Queues[0].Properties.LockDuration: "1 minute" is not',
    ],
    [
      'a lock of more than five minutes',
      configOf({ queues: { q: { LockDuration: 'PT6M' } } }),
      'LockDuration: "PT6M" is out of range',
    ],
    [
      'a delivery count of zero',
      configOf({ queues: { q: { MaxDeliveryCount: 0 } } }),
      'Queues[0].Properties.MaxDeliveryCount',
    ],
    ['a name with a space', configOf({ queues: { 'a b': {} } }), 'Queues[0].Name: is not a name'],
    [
      'two entities of one name',
      configOf({ queues: { a: {} }, topics: { A: { subscriptions: {} } } }),
      'A is declared twice',
    ],
    ['no namespace', { UserConfig: { Namespaces: [] } }, 'UserConfig.Namespaces: exactly one'],
    ['something else', [], 'expected object'],
  ])('%s', (_, config, problem) => {
    expect(() => parseConfig(config)).toThrow(ConfigError)
    expect(() => parseConfig(config)).toThrow(problem)
  })
})

test("the emulator's own example of a topic is read", () => {
  const properties = {
    DeadLetteringOnMessageExpiration: false,
    DefaultMessageTimeToLive: 'PT1H',
    LockDuration: 'PT1M',
    MaxDeliveryCount: 3,
    ForwardDeadLetteredMessagesTo: '',
    ForwardTo: '',
    RequiresSession: false,
  }
  const filter = {
    ContentType: 'application/text',
    CorrelationId: 'id1',
    Label: 'subject1',
    MessageId: 'msgid1',
    To: 'xyz',
  }
  const { topics } = parseConfig(
    configOf({
      topics: {
        'topic.1': {
          properties: {
            DefaultMessageTimeToLive: 'PT1H',
            DuplicateDetectionHistoryTimeWindow: 'PT20S',
            RequiresDuplicateDetection: true,
          },
          subscriptions: { 'subscription.1': { properties, rules: [correlation('app-prop-filter-1', filter)] } },
        },
      },
    }),
  )
  expect(topics).toMatchObject([
    {
      name: 'topic.1',
      settings: { timeToLive: 3_600_000, duplicateWindow: 20_000 },
      subscriptions: [
        {
          name: 'subscription.1',
          settings: { lockDuration: 60_000, maxDeliveryCount: 3, timeToLive: 3_600_000, deadLetterExpired: false },
          rules: [{ name: 'app-prop-filter-1', filter: { contentType: 'application/text', label: 'subject1' } }],
        },
      ],
    },
  ])
})

describe('durations', () => {
  test.each([
    ['PT1M', 60_000],
    ['P14D', 1_209_600_000],
    ['PT1H30M', 5_400_000],
    ['P1DT2H3M4.5S', 93_784_500],
    ['P2W', 1_209_600_000],
    ['PT0.2S', 200],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
    expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds)
  })

  test.each(['', 'P', 'PT', '60', 'P1M', 'P1Y', 'PT1', 'P1DT'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})
