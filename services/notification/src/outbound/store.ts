import type { Container } from '@azure/cosmos'
import type { Clock } from '@flotilla/decider/clock'
import type { Store } from '@flotilla/decider/store'
import { cosmosDocuments, type Guard } from '@flotilla/store-cosmos/cosmos'
import type { Documents } from '@flotilla/store-cosmos/documents'
import type { Mapping } from '@flotilla/store-cosmos/mapping'
import { createDocumentStore } from '@flotilla/store-cosmos/store'
import { absent, type Notification } from '../domain/notification.ts'

export const notificationKey = (orderId: string): string => `notification:${orderId}`

/** Longer than any message lives in the broker or in its dead letters, so that none can tell a customer twice. */
const keptAfterDeadline = 30 * 86_400

/** What is final lives that long after its order's deadline; in seconds from now. */
function timeToLive(notification: Notification, now: number): number | undefined {
  if (notification.status === 'absent' || notification.status === 'due') return undefined
  return Math.ceil((Math.max(notification.deadline, now) - now) / 1000) + keptAfterDeadline
}

export const notificationMapping: Mapping<Notification> = {
  schemaVersion: 1,
  timeToLive,
  // The event that makes a mail due holds the address; the document forgets it with the mail, and so must its history.
  remember: ({ type, body }) => (type === 'Due' ? undefined : body),
}

/** Notifications at rest. The one place that knows where they live. */
export interface NotificationDatabase {
  readonly system: 'azure.cosmosdb'
  readonly store: Store<Notification>
  readonly find: (orderId: string) => Promise<Notification>
  readonly stats: () => object
}

export function documentNotifications(documents: Documents, clock: Clock): NotificationDatabase {
  const store = createDocumentStore<Notification>({ documents, clock, mapping: notificationMapping, assumeNew: true })
  return {
    system: 'azure.cosmosdb',
    store,
    stats: () => store.stats(),
    find: async (orderId) => (await store.find(notificationKey(orderId)))?.state ?? absent,
  }
}

/** `guard`: the circuit breaker around each request. */
export const cosmosNotifications = (container: Container, clock: Clock, guard?: Guard): NotificationDatabase =>
  documentNotifications(cosmosDocuments({ container, guard }), clock)
