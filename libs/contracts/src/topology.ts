import type { EventType, PublicEvent } from './events.ts'

/** Who says what where, and who hears it through which filter. The one source of topics, subscriptions and rules. */

export const services = ['order', 'inventory', 'payment', 'notification'] as const
export type ServiceName = (typeof services)[number]

export const topics = ['orders', 'inventory', 'payments', 'notifications'] as const
export type TopicName = (typeof topics)[number]

/** The topic of each service: nobody else sends there. */
export const topicOf: Readonly<Record<ServiceName, TopicName>> = {
  order: 'orders',
  inventory: 'inventory',
  payment: 'payments',
  notification: 'notifications',
}

const speakers: Readonly<Record<string, ServiceName>> = {
  order: 'order',
  stock: 'inventory',
  payment: 'payment',
  notification: 'notification',
}

/** The service that says an event of this type. */
export function speakerOf(type: EventType): ServiceName {
  const speaker = speakers[type.slice(0, type.indexOf('.'))]
  if (!speaker) throw new Error(`no service says ${type}`)
  return speaker
}

/** A correlation filter: the subject, and application properties that must be equal. */
export interface Rule {
  readonly name: string
  readonly subject: string
  readonly properties?: Readonly<Record<string, string>>
}

export interface Subscription {
  readonly topic: TopicName
  /** Named after the service that hears it. */
  readonly service: ServiceName
  readonly rules: readonly Rule[]
}

/** A dead letter is sent back to its own subscription only: with this subject, and its original body. */
export const replaySubject = (service: ServiceName): string => `replay.${service}`

const hears = (topic: TopicName, service: ServiceName, ...rules: (EventType | Rule)[]): Subscription => ({
  topic,
  service,
  rules: [
    ...rules.map((rule) => (typeof rule === 'string' ? { name: rule, subject: rule } : rule)),
    { name: 'replay', subject: replaySubject(service) },
  ],
})

export const subscriptions: readonly Subscription[] = [
  hears('orders', 'inventory', 'order.placed.v1', 'order.confirmed.v1', 'order.cancelled.v1'),
  hears('orders', 'payment', 'order.payment-due.v1', {
    name: 'order.cancelled.v1',
    subject: 'order.cancelled.v1',
    properties: { paymentDue: 'true' },
  }),
  hears('orders', 'notification', 'order.confirmed.v1', 'order.cancelled.v1'),
  hears(
    'inventory',
    'order',
    'stock.item-listed.v1',
    'stock.price-changed.v1',
    'stock.reserved.v1',
    'stock.rejected.v1',
  ),
  hears('payments', 'order', 'payment.captured.v1', 'payment.declined.v1', 'payment.refunded.v1'),
  hears('notifications', 'order', 'notification.sent.v1', 'notification.failed.v1'),
]

export const subscriptionsOf = (service: ServiceName): readonly Subscription[] =>
  subscriptions.filter((subscription) => subscription.service === service)

/** The application properties an event travels with, for the filters above. */
export function propertiesOf(event: PublicEvent): Readonly<Record<string, string>> | undefined {
  return event.type === 'order.cancelled.v1' ? { paymentDue: String(event.data.paymentDue) } : undefined
}

/** What every topic and subscription is set to; durations in ISO 8601. */
export const settings = {
  lockDuration: 'PT1M',
  timeToLive: 'P14D',
  duplicateDetectionWindow: 'PT5M',
  maxDeliveryCount: 10,
} as const
