import { setTimeout as after } from 'node:timers/promises'
import { createServiceBusBroker } from '@flotilla/broker/service-bus'
import { seal } from '@flotilla/contracts/envelope'
import type { EventType, PublicEvent } from '@flotilla/contracts/events'
import { type ServiceName, subscriptionsOf, topicOf } from '@flotilla/contracts/topology'

/**
 * The limit that the saga is measured against: the same messages between the same processes over the same broker library,
 * with no logic, no state, no inbox and no outbox. One process a service; `order` places and counts.
 *   node src/messages.ts <service> <connection string> [orders] [at once]
 */

const [service, connectionString = '', count = '0', window = '0'] = process.argv.slice(2) as [ServiceName, ...string[]]

/** What each service says when it hears something. */
const answers: Partial<Record<EventType, EventType>> = {
  'order.placed.v1': 'stock.reserved.v1',
  'stock.reserved.v1': 'order.payment-due.v1',
  'order.payment-due.v1': 'payment.captured.v1',
  'payment.captured.v1': 'order.confirmed.v1',
}
const notified: Partial<Record<EventType, EventType>> = { 'order.confirmed.v1': 'notification.sent.v1' }

/** As large as the real ones; none of the receivers looks inside. */
const payload = {
  customer: '0'.repeat(32),
  email: 'ada@example.com',
  currency: 'EUR',
  total: 3_990,
  lines: [
    { sku: 'TEA-SENCHA', quantity: 2, unitPrice: 1_250 },
    { sku: 'CUP-STONEWARE', quantity: 1, unitPrice: 1_490 },
  ],
  placedAt: '2026-01-01T00:00:00.000Z',
  deadline: '2026-01-01T00:10:00.000Z',
}
const said = (type: EventType, orderId: string) =>
  seal(`${service}:${orderId}.${type}`, { type, data: { orderId, ...payload } } as unknown as PublicEvent, Date.now())

const broker = await createServiceBusBroker({ connectionString })
let ended = 0
let placed = 0
let running = 0
const total = Number(count)
const finished = Promise.withResolvers<void>()

function placeMore() {
  while (running < Number(window) && placed < total) {
    running += 1
    const orderId = crypto.randomUUID()
    placed += 1
    void broker.publish(topicOf.order, [said('order.placed.v1', orderId)])
  }
}

for (const { topic } of subscriptionsOf(service)) {
  await broker.subscribe({ topic, service }, async ({ subject, correlationId = '' }) => {
    const type = subject as EventType
    const answer = service === 'notification' ? notified[type] : answers[type]
    if (answer) await broker.publish(topicOf[service], [said(answer, correlationId)])
    if (type !== 'notification.sent.v1') return
    running -= 1
    ended += 1
    if (ended === total) finished.resolve()
    placeMore()
  })
}
process.stdout.write(`${JSON.stringify({ event: 'ready' })}\n`)
process.once('SIGTERM', () => void broker.close().then(() => process.exit(0)))
if (service === 'order' && total > 0) {
  process.stdin.once('data', async () => {
    const begun = performance.now()
    placeMore()
    await Promise.race([finished.promise, after(120_000, undefined, { ref: false })])
    process.stdout.write(`${JSON.stringify({ event: 'done', ended, ms: performance.now() - begun })}\n`)
  })
}
