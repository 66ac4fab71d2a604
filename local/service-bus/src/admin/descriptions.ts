import { forever, formatDuration } from '../duration.ts'
import type { Inlet, Subscription } from '../namespace.ts'
import type { MessageQueue } from '../queue.ts'
import type { PropertyValue, Rule } from '../rule.ts'
import { element, fields, text, type Xml } from './xml.ts'

/** Descriptions of entities as the service's Atom API returns them (api-version 2021-05). */

export interface Limits {
  readonly maxMessageSize: number
  readonly quota: number
  /** When the broker was started, as ISO 8601: this broker does not know when an entity was declared. */
  readonly since: string
}

const serviceBus = 'http://schemas.microsoft.com/netservices/2010/10/servicebus/connect'
const instance = 'http://www.w3.org/2001/XMLSchema-instance'

const description = (name: string, content: readonly Xml[]): Xml =>
  element(name, content, { xmlns: serviceBus, 'xmlns:i': instance })

interface Counts {
  readonly active: number
  readonly deadLetter: number
  readonly scheduled: number
}

export function countsOf(queue: MessageQueue, scheduled = 0): Counts {
  return { active: queue.messages.size, deadLetter: queue.deadLetters?.messages.size ?? 0, scheduled }
}

const countDetails = ({ active, deadLetter, scheduled }: Counts): Xml => {
  const counts = {
    'd2p1:ActiveMessageCount': active,
    'd2p1:DeadLetterMessageCount': deadLetter,
    'd2p1:ScheduledMessageCount': scheduled,
    'd2p1:TransferMessageCount': 0,
    'd2p1:TransferDeadLetterMessageCount': 0,
  }
  return element('CountDetails', fields(counts), {
    'xmlns:d2p1': 'http://schemas.microsoft.com/netservices/2011/06/servicebus',
  })
}

const total = ({ active, deadLetter, scheduled }: Counts): number => active + deadLetter + scheduled
const megabytes = (bytes: number): number => Math.round(bytes / (1024 * 1024))
const times = ({ since }: Limits) => ({ CreatedAt: since, UpdatedAt: since, AccessedAt: since })

const duplicates = ({ settings }: Inlet) => ({
  RequiresDuplicateDetection: settings.duplicateWindow !== undefined,
  DuplicateDetectionHistoryTimeWindow: formatDuration(settings.duplicateWindow ?? 60_000),
})

export function describeQueue(inlet: Inlet & { queue: MessageQueue }, limits: Limits): Xml {
  const { queue, scheduled } = inlet
  const counts = countsOf(queue, scheduled.entries.size)
  return description('QueueDescription', [
    ...fields({
      LockDuration: formatDuration(queue.settings.lockDuration),
      MaxSizeInMegabytes: megabytes(limits.quota),
      ...duplicates(inlet),
      RequiresSession: false,
      DefaultMessageTimeToLive: formatDuration(queue.settings.timeToLive),
      DeadLetteringOnMessageExpiration: queue.settings.deadLetterExpired,
      MaxDeliveryCount: queue.settings.maxDeliveryCount,
      EnableBatchedOperations: true,
      SizeInBytes: queue.bytes + (queue.deadLetters?.bytes ?? 0) + scheduled.bytes,
      MessageCount: total(counts),
      Status: 'Active',
      ...times(limits),
    }),
    countDetails(counts),
    ...fields({
      AutoDeleteOnIdle: forever,
      EnablePartitioning: false,
      EntityAvailabilityStatus: 'Available',
      EnableExpress: false,
      MaxMessageSizeInKilobytes: limits.maxMessageSize / 1024,
    }),
  ])
}

export function describeTopic(inlet: Inlet, limits: Limits): Xml {
  const subscriptions = inlet.subscriptions ?? []
  const size = subscriptions.reduce((sum, { queue }) => sum + queue.bytes + (queue.deadLetters?.bytes ?? 0), 0)
  return description('TopicDescription', [
    ...fields({
      DefaultMessageTimeToLive: formatDuration(inlet.settings.timeToLive),
      MaxSizeInMegabytes: megabytes(limits.quota),
      ...duplicates(inlet),
      EnableBatchedOperations: true,
      SizeInBytes: size + inlet.scheduled.bytes,
      Status: 'Active',
      ...times(limits),
      SupportOrdering: true,
    }),
    countDetails({ active: 0, deadLetter: 0, scheduled: inlet.scheduled.entries.size }),
    ...fields({
      SubscriptionCount: subscriptions.length,
      AutoDeleteOnIdle: forever,
      EnablePartitioning: false,
      EntityAvailabilityStatus: 'Available',
      EnableExpress: false,
      MaxMessageSizeInKilobytes: limits.maxMessageSize / 1024,
    }),
  ])
}

export function describeSubscription({ queue }: Subscription, limits: Limits): Xml {
  const counts = countsOf(queue)
  return description('SubscriptionDescription', [
    ...fields({
      LockDuration: formatDuration(queue.settings.lockDuration),
      RequiresSession: false,
      DefaultMessageTimeToLive: formatDuration(queue.settings.timeToLive),
      DeadLetteringOnMessageExpiration: queue.settings.deadLetterExpired,
      DeadLetteringOnFilterEvaluationExceptions: false,
      MessageCount: total(counts),
      MaxDeliveryCount: queue.settings.maxDeliveryCount,
      EnableBatchedOperations: true,
      Status: 'Active',
      ...times(limits),
    }),
    countDetails(counts),
    ...fields({ AutoDeleteOnIdle: forever, EntityAvailabilityStatus: 'Available' }),
  ])
}

const typed = (value: PropertyValue): Xml => {
  const type = typeof value === 'number' ? (Number.isInteger(value) ? 'int' : 'double') : typeof value
  return element('Value', text(value), { 'i:type': `d6p1:${type}`, 'xmlns:d6p1': 'http://www.w3.org/2001/XMLSchema' })
}

export function describeRule({ filter, name }: Rule, limits: Limits): Xml {
  const properties = Object.entries(filter?.properties ?? {}).map(([key, value]) =>
    element('KeyValueOfstringanyType', [element('Key', text(key)), typed(value)]),
  )
  const content = filter
    ? [
        ...fields({
          CorrelationId: filter.correlationId,
          MessageId: filter.messageId,
          To: filter.to,
          ReplyTo: filter.replyTo,
          Label: filter.label,
          SessionId: filter.sessionId,
          ReplyToSessionId: filter.replyToSessionId,
          ContentType: filter.contentType,
        }),
        ...(properties.length ? [element('Properties', properties)] : []),
      ]
    : fields({ SqlExpression: '1=1', CompatibilityLevel: 20 })
  return description('RuleDescription', [
    element('Filter', content, { 'i:type': filter ? 'CorrelationFilter' : 'TrueFilter' }),
    element('Action', '', { 'i:type': 'EmptyRuleAction' }),
    ...fields({ CreatedAt: limits.since, Name: name }),
  ])
}

export const describeNamespace = (name: string, limits: Limits): Xml =>
  description(
    'NamespaceInfo',
    fields({
      CreatedTime: limits.since,
      MessagingSKU: 'Premium',
      MessagingUnits: 1,
      ModifiedTime: limits.since,
      Name: name,
      NamespaceType: 'Messaging',
    }),
  )
