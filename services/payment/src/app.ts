import type { Broker } from '@flotilla/broker/broker'
import { single } from '@flotilla/decider/decider'
import { createEngine, type Engine, type Worker } from '@flotilla/host/engine'
import { type CreateHttp, type HttpOptions, httpOf } from '@flotilla/host/http'
import { payments as paymentsMetric } from '@flotilla/telemetry/metrics'
import { decide } from './domain/decide.ts'
import { evolve } from './domain/evolve.ts'
import { absent, type Payment, type PaymentCommand, type PaymentEvent, type PaymentRefusal } from './domain/payment.ts'
import { type PaymentRoutes, paymentRoutes } from './inbound/http.ts'
import { hear } from './inbound/subscriptions.ts'
import type { CardProcessor } from './outbound/card-processor.ts'
import { type CardWorker, cardWorkers } from './outbound/card-work.ts'
import { announce } from './outbound/publications.ts'
import type { PaymentDatabase } from './outbound/store.ts'
import { paymentKey } from './outbound/tables.ts'

export interface PaymentOptions extends HttpOptions {
  readonly database: PaymentDatabase
  readonly broker: Broker
  readonly processor: CardProcessor
  /** Makes the HTTP side; a simulation keeps one and hands it the routes of each new process. */
  readonly http?: CreateHttp<PaymentRoutes>
}

const payments = {
  decider: { decide, evolve },
  scope: single<Payment, PaymentCommand>(({ orderId }) => paymentKey(orderId), absent),
  announce,
}

/** The HTTP side of payment. */
export const createHttp = httpOf<PaymentRoutes>(
  { name: 'payment', description: 'Moves money once for an order.' },
  paymentRoutes,
)

/** Payment, wired: give it a database, a broker, a card processor and a clock and it is the whole service. */
export function createApp(options: PaymentOptions) {
  const { database, broker, processor, clock, logger } = options
  const workers = cardWorkers({
    processor,
    find: database.find,
    clock,
    onRefundOverdue: (orderId, since) =>
      logger.error({ order_id: orderId, since: new Date(since).toISOString() }, 'a refund is overdue: look after it'),
  })
  const engine: Engine = createEngine<PaymentCommand>({
    service: 'payment',
    store: database.store,
    system: database.system,
    broker,
    clock,
    logger,
    hear(envelope, at) {
      const command = hear(envelope, at)
      return command && ((cause) => handle({ command, ...cause }))
    },
    workers: {
      'create-intent': workerOf(workers['create-intent']),
      'settle-intent': workerOf(workers['settle-intent']),
      refund: workerOf(workers.refund),
    },
    settle: (request) => handle(request),
  })
  const handle = engine.handler<Payment, PaymentCommand, PaymentEvent, PaymentRefusal, Payment>(payments, count)
  const server = (options.http ?? createHttp)(options, { find: database.find })
  return { server, engine }
}

const workerOf =
  (run: CardWorker): Worker<PaymentCommand> =>
  ({ payload, attempts }) =>
    run((payload as { orderId: string }).orderId, attempts)

/** The business in numbers. Called once for each command that had an effect. */
function count({ events }: { events: readonly PaymentEvent[] }) {
  for (const event of events) {
    if (event.type === 'Captured') paymentsMetric.add(1, { outcome: 'captured' })
    if (event.type === 'Declined') paymentsMetric.add(1, { outcome: 'declined', reason: event.reason })
    if (event.type === 'Refunded') paymentsMetric.add(1, { outcome: 'refunded' })
  }
}
