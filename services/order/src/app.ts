import type { Broker } from '@flotilla/broker/broker'
import type { Envelope } from '@flotilla/contracts/envelope'
import { single } from '@flotilla/decider/decider'
import type { Cache } from '@flotilla/host/cache'
import { createEngine, type Engine, type MessageCause } from '@flotilla/host/engine'
import { type CreateHttp, type HttpOptions, httpOf } from '@flotilla/host/http'
import { decide } from './domain/decide.ts'
import { evolve } from './domain/evolve.ts'
import {
  absent,
  type Order,
  type OrderCommand,
  type OrderEvent,
  type OrderRefusal,
  type Price,
} from './domain/order.ts'
import {
  decidePrice,
  evolvePrice,
  type HearPrice,
  type ListedPrice,
  type PriceTaken,
  unlisted,
} from './domain/price.ts'
import { type OrderRoutes, orderRoutes } from './inbound/http.ts'
import { hear } from './inbound/subscriptions.ts'
import { count } from './metrics.ts'
import { announce } from './outbound/publications.ts'
import type { OrderDatabase } from './outbound/store.ts'
import { orderKey, priceKey } from './outbound/tables.ts'

export interface OrderOptions extends HttpOptions {
  readonly database: OrderDatabase
  readonly broker: Broker
  readonly cache: Cache
  /** UUIDv7. */
  readonly newId: () => string
  /** From placement to deadline, in milliseconds. */
  readonly deadlineAfter: number
  /** Makes the HTTP side; a simulation keeps one and hands it the routes of each new process. */
  readonly http?: CreateHttp<OrderRoutes>
}

/**
 * A deadline asks nobody outside, so its lease can be so short that another replica keeps it within 5 s when the one that
 * has claimed it dies: a round of the sweeper, the lease, and another round. In milliseconds.
 */
const deadlineTimes = { lease: 2_500, timeout: 500, margin: 500 }

const orders = {
  decider: { decide, evolve },
  scope: single<Order, OrderCommand>((command) => orderKey(command.orderId), absent),
  announce,
}

const prices = {
  decider: { decide: decidePrice, evolve: evolvePrice },
  scope: single<ListedPrice, HearPrice>(({ sku }) => priceKey(sku), unlisted),
  announce: (_event: PriceTaken) => ({}),
  isView: true,
}

/** The HTTP side of ordering. */
export const createHttp = httpOf<OrderRoutes>(
  { name: 'order', description: 'Takes orders and never loses one.' },
  orderRoutes,
)

/** Ordering, wired: give it a database, a broker and a clock and it is the whole service. */
export function createApp(options: OrderOptions) {
  const { database, broker, clock, logger, newId, deadlineAfter } = options
  const { store, reads, system } = database
  const price = options.cache<Price | undefined>(
    { name: 'prices', ttl: 2, keep: (found) => found !== undefined },
    reads.price,
  )
  const engine: Engine = createEngine<OrderCommand>({
    service: 'order',
    store,
    system,
    broker,
    clock,
    logger,
    hear: hearAs,
    workers: {
      deadline: async ({ payload }) => {
        const { orderId } = payload as { orderId: string }
        return { command: { type: 'Expire', orderId, at: clock.now() } }
      },
    },
    work: deadlineTimes,
    settle: (request) => handle(request),
  })
  const handle = engine.handler<Order, OrderCommand, OrderEvent, OrderRefusal, Order>(orders, count)
  const takePrice = engine.handler<ListedPrice, HearPrice, PriceTaken, never, ListedPrice>(prices)

  function hearAs(envelope: Envelope, at: number) {
    const command = hear(envelope, at)
    if (!command) return undefined
    return (cause: MessageCause) =>
      command.type === 'HearPrice' ? takePrice({ command, ...cause }) : handle({ command, ...cause })
  }

  const server = (options.http ?? createHttp)(options, {
    handle,
    reads,
    now: () => clock.now(),
    newId,
    deadlineOf: (placedAt) => placedAt + deadlineAfter,
    // When messages wait so long that a new order would miss its deadline, it is better not taken.
    isLate: () => engine.backlog().oldestOutboxAge >= deadlineAfter / 2,
    async prices(skus) {
      const found = await Promise.all(skus.map(async (sku) => [sku, await price(sku)] as const))
      return new Map(found.flatMap(([sku, listed]) => (listed ? [[sku, listed] as const] : [])))
    },
  })
  return { server, engine }
}
