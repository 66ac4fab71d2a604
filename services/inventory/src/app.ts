import type { Broker } from '@flotilla/broker/broker'
import type { Cache } from '@flotilla/host/cache'
import { createEngine, type Engine } from '@flotilla/host/engine'
import { type CreateHttp, type HttpOptions, httpOf } from '@flotilla/host/http'
import { stockReservations } from '@flotilla/telemetry/metrics'
import { decide } from './domain/decide.ts'
import { evolve } from './domain/evolve.ts'
import { compose, decompose, keys, type StockRow } from './domain/scope.ts'
import type { Item, Stock, StockCommand, StockEvent, StockRefusal } from './domain/stock.ts'
import { type StockRoutes, stockRoutes } from './inbound/http.ts'
import { hear } from './inbound/subscriptions.ts'
import { announce } from './outbound/publications.ts'
import type { StockDatabase } from './outbound/store.ts'

export interface InventoryOptions extends HttpOptions {
  readonly database: StockDatabase
  readonly broker: Broker
  readonly cache: Cache
  /** UUIDv7. */
  readonly newId: () => string
  /** Makes the HTTP side; a simulation keeps one and hands it the routes of each new process. */
  readonly http?: CreateHttp<StockRoutes>
}

const stock = { decider: { decide, evolve }, scope: { keys, compose, decompose }, announce }

/** The HTTP side of inventory. */
export const createHttp = httpOf<StockRoutes>(
  { name: 'inventory', description: 'Knows what there is and what it costs.' },
  stockRoutes,
)

/** Inventory, wired: give it a database, a broker and a clock and it is the whole service. */
export function createApp(options: InventoryOptions) {
  const { database, broker, clock, logger, newId, cache } = options
  const { store, reads, system } = database
  const engine: Engine = createEngine<StockCommand>({
    service: 'inventory',
    store,
    system,
    broker,
    clock,
    logger,
    hear(envelope, at) {
      const command = hear(envelope, at)
      return command && ((cause) => handle({ command, ...cause }))
    },
    workers: {},
    settle: (request) => handle(request),
  })
  const handle = engine.handler<Stock, StockCommand, StockEvent, StockRefusal, StockRow>(stock, count)
  const item = cache<Item | undefined>({ name: 'item', ttl: 2, keep: (found) => found !== undefined }, reads.item)
  const page = cache<readonly Item[]>({ name: 'stock', ttl: 2, size: 100 }, (key) => {
    const [limit = '', after = ''] = key.split(':')
    return reads.items(after, Number(limit))
  })
  const server = (options.http ?? createHttp)(options, {
    handle,
    reads,
    cached: { item, page: (after, limit) => page(`${limit}:${after}`) },
    now: () => clock.now(),
    newId,
  })
  return { server, engine }
}

/** The business in numbers. Called once for each command that had an effect. */
function count({ events }: { events: readonly StockEvent[] }) {
  for (const event of events) {
    if (event.type === 'Reserved') stockReservations.add(1, { outcome: 'reserved' })
    if (event.type === 'Rejected') stockReservations.add(1, { outcome: 'rejected', reason: event.reason })
  }
}
