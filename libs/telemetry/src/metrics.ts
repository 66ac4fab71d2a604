import { counter, gauge, histogram, upDownCounter } from './instruments.ts'

// Every metric of the fleet is declared here, so that dashboards and alerts have one list to be checked against.
// Names and units follow the semantic conventions where they have one; ours begin with `flotilla.`.

/** Bounds of durations, in seconds (semantic conventions for HTTP, and below 5 ms because most of ours is there). */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const duration = (name: string, description: string, bounds = SECONDS) =>
  histogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: bounds } })

/** HTTP requests served. Attributes: `http.request.method`, `http.route`, `http.response.status_code`, `error.type`. */
export const httpServerDuration = duration('http.server.request.duration', 'Duration of HTTP requests served.')
/** HTTP requests made. Attributes: `http.request.method`, `server.address`, `error.type`. */
export const httpClientDuration = duration('http.client.request.duration', 'Duration of HTTP requests made.')
/** Calls of the database. Attributes: `db.system.name`, `db.operation.name`, `db.query.summary`, `error.type`. */
export const databaseDuration = duration('db.client.operation.duration', 'Duration of database operations.')
/** Sends and settlements. Attributes: `messaging.operation.name`, `messaging.destination.name`, `error.type`. */
export const messagingDuration = duration('messaging.client.operation.duration', 'Duration of broker operations.')
/** Messages processed. Attributes: `messaging.destination.name`, `messaging.destination.subscription.name`, `error.type`. */
export const processDuration = duration('messaging.process.duration', 'Duration of processing one message.')
/** Messages sent. Attributes: `messaging.destination.name`, `error.type`. */
export const messagesSent = counter('messaging.client.sent.messages', {
  unit: '{message}',
  description: 'Messages handed to the broker.',
})
/** Messages received. Attributes: `messaging.destination.name`, `messaging.destination.subscription.name`. */
export const messagesConsumed = counter('messaging.client.consumed.messages', {
  unit: '{message}',
  description: 'Messages delivered to the process.',
})
/** Messages put aside. Attributes: `messaging.destination.subscription.name`, `reason`. */
export const messagesDeadLettered = counter('flotilla.messages.dead_lettered', {
  unit: '{message}',
  description: 'Messages this process dead-lettered.',
})
/** Attributes: `messaging.destination.name`, `messaging.destination.subscription.name`. */
export const duplicatesDropped = counter('flotilla.messages.duplicates_dropped', {
  unit: '{message}',
  description: 'Messages whose effect the inbox had already.',
})
/** Attributes: `messaging.destination.name`, `messaging.destination.subscription.name`. */
export const receiverRestarts = counter('flotilla.receiver.restarts', {
  unit: '{restart}',
  description: 'Receivers replaced after a minute of silence.',
})
/** Attributes: `messaging.destination.name`, `messaging.destination.subscription.name`, `state` (active or dead_lettered). */
export const queuedMessages = gauge('flotilla.messages.queued', {
  unit: '{message}',
  description: 'Messages waiting in a subscription.',
})
/** Attributes: `messaging.destination.name`, `messaging.destination.subscription.name`. */
export const oldestMessageAge = gauge('flotilla.messages.oldest_age', {
  unit: 's',
  description: 'Age of the oldest message of a subscription.',
})

/** Age of the oldest row not sent yet, 0 when there is none. */
export const outboxLag = gauge('flotilla.outbox.lag', {
  unit: 's',
  description: 'Age of the oldest unsent outbox row.',
})
/** Rows held in memory by the relay. */
export const outboxPending = gauge('flotilla.outbox.pending', {
  unit: '{row}',
  description: 'Outbox rows not sent yet.',
})
/** Rows the sweeper found after their writer's lease had run out. */
export const outboxSwept = counter('flotilla.outbox.swept', {
  unit: '{row}',
  description: 'Outbox rows sent by a sweeper.',
})
/** How long past its time the oldest due work is. Attribute: `kind`. */
export const dueWorkAge = gauge('flotilla.due_work.age', { unit: 's', description: 'How late the oldest due work is.' })
/** Attributes: `kind`, `outcome`. */
export const dueWorkDone = counter('flotilla.due_work.done', { unit: '{work}', description: 'Due work finished.' })
/** Commands that one commit served. Attribute: `db.system.name`. */
export const batchSize = histogram('flotilla.store.batch_size', {
  unit: '{command}',
  description: 'Commands per commit.',
  advice: { explicitBucketBoundaries: [1, 2, 5, 10, 20, 50, 100, 200] },
})
/** Optimistic concurrency lost. Attribute: `aggregate`. */
export const storeConflicts = counter('flotilla.store.conflicts', {
  unit: '{conflict}',
  description: 'Commands decided again because their aggregate had changed.',
})
/** Attribute: `azure.cosmosdb.operation.name`. */
export const requestUnits = histogram('azure.cosmosdb.client.operation.request_charge', {
  unit: '{request_unit}',
  description: 'Request units of Cosmos DB operations.',
  advice: { explicitBucketBoundaries: [1, 5, 10, 25, 50, 100, 250, 500, 1000] },
})

/** Attributes: `cache`, `outcome` (hit, stale or miss). */
export const cacheLookups = counter('flotilla.cache.lookups', { unit: '{lookup}', description: 'Cache lookups.' })
/** Attribute: `dependency`. 0 closed, 1 half-open, 2 open, 3 isolated. */
export const breakerState = gauge('flotilla.breaker.state', { description: 'State of circuit breakers.' })
/** Attributes: `dependency`, `outcome` (success, failure, timeout or refused). */
export const dependencyCalls = counter('flotilla.dependency.calls', {
  unit: '{call}',
  description: 'Calls that left the process.',
})
/** Requests refused because the process had too much to do. Attribute: `reason`. */
export const requestsShed = counter('flotilla.http.shed', {
  unit: '{request}',
  description: 'Requests refused by overload.',
})
/** HTTP requests in hand. */
export const activeRequests = upDownCounter('http.server.active_requests', {
  unit: '{request}',
  description: 'HTTP requests in hand.',
})

/** Orders answered with 202. Attribute: `currency`. */
export const ordersPlaced = counter('flotilla.orders.placed', { unit: '{order}', description: 'Orders placed.' })
/** Orders that reached their good end. Attribute: `currency`. */
export const ordersConfirmed = counter('flotilla.orders.confirmed', {
  unit: '{order}',
  description: 'Orders confirmed.',
})
/** Orders that reached their other end. Attribute: `reason`. */
export const ordersCancelled = counter('flotilla.orders.cancelled', {
  unit: '{order}',
  description: 'Orders cancelled.',
})
/** From the 202 to the confirmation. */
export const timeToConfirm = duration(
  'flotilla.orders.time_to_confirm',
  'From 202 to confirmed.',
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
)
/** Reservations. Attributes: `outcome` (reserved or rejected), `reason`. */
export const stockReservations = counter('flotilla.stock.reservations', {
  unit: '{reservation}',
  description: 'Requests for stock by outcome.',
})
/** Payments. Attributes: `outcome` (captured, declined or refunded), `reason`. The decline rate is made of this one. */
export const payments = counter('flotilla.payments', { unit: '{payment}', description: 'Payments by outcome.' })
/** Mails. Attributes: `outcome` (sent or failed), `kind`. */
export const notifications = counter('flotilla.notifications', { unit: '{mail}', description: 'Mails by outcome.' })
/** Mails that may have gone out twice because a crash hid the answer. */
export const notificationsRepeated = counter('flotilla.notifications.repeated', {
  unit: '{mail}',
  description: 'Mails handed over again after a crash.',
})
