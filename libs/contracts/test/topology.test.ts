import { describe, expect, it } from 'vitest'
import { emulatorConfig } from '../src/emulator.ts'
import { type EventType, events } from '../src/events.ts'
import { services, speakerOf, subscriptions, subscriptionsOf, topicOf, topics } from '../src/topology.ts'

const types = Object.keys(events) as EventType[]

describe('the topology', () => {
  it('has a topic for each service, and a hearer for each event on the topic of who says it', () => {
    expect(services.map((service) => topicOf[service])).toEqual(topics)
    for (const type of types) {
      const heard = subscriptions.filter(({ rules }) => rules.some(({ subject }) => subject === type))
      expect(
        heard.map(({ topic }) => topic),
        type,
      ).toContain(topicOf[speakerOf(type)])
      expect(new Set(heard.map(({ topic }) => topic)).size, type).toBe(1)
    }
  })
  it('lets nobody hear what nobody says', () => {
    const subjects = subscriptions.flatMap(({ rules }) => rules.map(({ subject }) => subject))
    const known = [...types, ...services.map((service) => `replay.${service}`)]
    expect(subjects.filter((subject) => !known.includes(subject))).toEqual([])
  })
  it('lets dead letters be replayed to each subscription alone', () => {
    for (const { service, rules } of subscriptions) {
      expect(rules.at(-1)).toEqual({ name: 'replay', subject: `replay.${service}` })
    }
    expect(subscriptionsOf('order')).toHaveLength(3)
  })
  it('tells payment of a cancellation only when a payment was due', () => {
    const [payment] = subscriptionsOf('payment')
    expect(payment?.rules.find(({ subject }) => subject === 'order.cancelled.v1')?.properties).toEqual({
      paymentDue: 'true',
    })
  })
  it('is written for the emulator whole', () => {
    const [namespace] = emulatorConfig().UserConfig.Namespaces
    const named = namespace?.Topics.flatMap(({ Name, Subscriptions }) =>
      Subscriptions.map((subscription) => `${Name}/${subscription.Name}: ${subscription.Rules.length}`),
    )
    expect(named).toEqual(subscriptions.map(({ topic, service, rules }) => `${topic}/${service}: ${rules.length}`))
  })
})
