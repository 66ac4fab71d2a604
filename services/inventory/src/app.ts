import type { Broker } from '@flotilla/broker/broker'
import type { Clock } from '@flotilla/decider/clock'
import type { Authenticator } from '@flotilla/host/auth'
import type { Cache } from '@flotilla/host/cache'
import { createEngine, type Engine } from '@flotilla/host/engine'
import { createOverload } from '@flotilla/host/overload'
import type { Health } from '@flotilla/host/probes'
import { createServer } from '@flotilla/host/server'
import type { Logger } from '@flotilla/telemetry/log'
import { stockReservations } from '@flotilla/telemetry/metrics'
import { decide } from './domain/decide.ts'
import { evolve } from './domain/evolve.ts'
import { compose, decompose, keys, type StockRow } from './domain/scope.ts'
import type { Item, Stock, StockCommand, StockEvent, StockRefusal } from './domain/stock.ts'
import { stockRoutes } from './inbound/http.ts'
import { hear } from './inbound/subscriptions.ts'
import { announce } from './outbound/publications.ts'
import type { StockDatabase } from './outbound/store.ts'

export interface InventoryOptions {
  readonly database: StockDatabase
  readonly broker: Broker
  readonly clock: Clock
  readonly auth: Authenticator
  readonly cache: Cache
  readonly logger: Logger
  /** UUIDv7. */
  readonly newId: () => string
  readonly health?: Health
  readonly version?: string
}

const stock = { decider: { decide, evolve }, scope: { keys, compose, decompose }, announce }

/** Inventory, wired: give it a database, a broker and a clock and it is the whole service. */
export function createApp(options: InventoryOptions) {
  const { database, broker, clock, auth, logger, newId, cache } = options
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
  const server = createServer({
    logger,
    auth,
    service: {
      name: 'inventory',
      version: options.version ?? '0.0.0',
      description: 'Knows what there is and what it costs.',
    },
    overload: createOverload(),
    ...(options.health && { health: options.health }),
  })
  const item = cache<Item | undefined>({ name: 'item', ttl: 2, keep: (found) => found !== undefined }, reads.item)
  const page = cache<readonly Item[]>({ name: 'stock', ttl: 2, size: 100 }, (key) => {
    const [limit = '', after = ''] = key.split(':')
    return reads.items(after, Number(limit))
  })
  stockRoutes(server, {
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
