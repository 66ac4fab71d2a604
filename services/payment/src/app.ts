import type { Broker } from '@flotilla/broker/broker'
import type { Clock } from '@flotilla/decider/clock'
import { single } from '@flotilla/decider/decider'
import type { Authenticator } from '@flotilla/host/auth'
import type { Dependency } from '@flotilla/host/dependency'
import { createEngine, type Engine, type Worker } from '@flotilla/host/engine'
import { createOverload } from '@flotilla/host/overload'
import type { Health } from '@flotilla/host/probes'
import { createServer } from '@flotilla/host/server'
import type { Logger } from '@flotilla/telemetry/log'
import { payments as paymentsMetric } from '@flotilla/telemetry/metrics'
import { decide } from './domain/decide.ts'
import { evolve } from './domain/evolve.ts'
import { absent, type Payment, type PaymentCommand, type PaymentEvent, type PaymentRefusal } from './domain/payment.ts'
import { paymentRoutes } from './inbound/http.ts'
import { hear } from './inbound/subscriptions.ts'
import type { CardProcessor } from './outbound/card-processor.ts'
import { type CardWorker, cardWorkers } from './outbound/card-work.ts'
import { announce } from './outbound/publications.ts'
import type { PaymentDatabase } from './outbound/store.ts'
import { paymentKey } from './outbound/tables.ts'

export interface PaymentOptions {
  readonly database: PaymentDatabase
  readonly broker: Broker
  readonly processor: CardProcessor
  readonly clock: Clock
  readonly auth: Authenticator
  readonly logger: Logger
  readonly health?: Health
  /** Shown at `/health/deps`. */
  readonly dependencies?: readonly Dependency[]
  readonly version?: string
}

const payments = {
  decider: { decide, evolve },
  scope: single<Payment, PaymentCommand>(({ orderId }) => paymentKey(orderId), absent),
  announce,
}

/** Payment, wired: give it a database, a broker, a card processor and a clock and it is the whole service. */
export function createApp(options: PaymentOptions) {
  const { database, broker, processor, clock, auth, logger } = options
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
  const server = createServer({
    logger,
    auth,
    service: { name: 'payment', version: options.version ?? '0.0.0', description: 'Moves money once for an order.' },
    overload: createOverload(),
    ...(options.health && { health: options.health }),
    ...(options.dependencies && { dependencies: options.dependencies }),
  })
  paymentRoutes(server, database.find)
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
