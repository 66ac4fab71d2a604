import { createMessaging } from '@flotilla/broker/messaging'
import type { ServiceName } from '@flotilla/contracts/topology'
import { noCache } from '@flotilla/host/cache'
import type { Engine } from '@flotilla/host/engine'
import { testCallers } from '@flotilla/host/testing'
import * as inventory from '@flotilla/inventory/app'
import { sqliteStock } from '@flotilla/inventory/outbound/store'
import * as notification from '@flotilla/notification/app'
import { documentNotifications } from '@flotilla/notification/outbound/store'
import * as order from '@flotilla/order/app'
import { sqliteOrders } from '@flotilla/order/outbound/store'
import * as payment from '@flotilla/payment/app'
import { sqlitePayments } from '@flotilla/payment/outbound/store'
import type { Twin } from '@flotilla/store-cosmos/twin'
import { createLogger, type Logger } from '@flotilla/telemetry/log'
import type { SimulatedBroker } from './broker.ts'
import type { CardProcessorTwin } from './card-processor.ts'
import type { SimDatabase, SqlService } from './database.ts'
import { connectDocuments } from './documents.ts'
import type { Doorways } from './doorways.ts'
import type { Life } from './life.ts'
import type { MailServer } from './mail-server.ts'
import type { Moments } from './moments.ts'
import type { Settings } from './plan.ts'
import { type Behind, connectReads, connectStore } from './store.ts'
import type { World } from './world.ts'

/** What outlives the processes. */
export interface Surroundings {
  readonly broker: SimulatedBroker
  readonly databases: Readonly<Record<SqlService, SimDatabase>>
  readonly twin: Twin
  readonly cards: CardProcessorTwin
  readonly mail: MailServer
  readonly moments: Moments
  readonly doorways: Doorways
  /** UUIDs in a row. */
  readonly newId: () => string
  /** Whether what processes log belongs into the story. */
  readonly verbose: boolean
}

/** A service as one process runs it. */
export interface Service {
  readonly engine: Engine
  /** Hangs up, as at the end of a process. */
  readonly close: () => Promise<void>
}

interface Given {
  readonly world: World
  readonly life: Life
  readonly settings: Settings
  readonly around: Surroundings
  readonly common: Pick<order.OrderOptions, 'broker' | 'clock' | 'logger' | 'auth'>
}

/** Builds a service by its own `createApp`, with everything that leaves the process connected to the simulated world. */
export function buildService(
  service: ServiceName,
  given: Pick<Given, 'world' | 'life' | 'settings' | 'around'>,
): Service {
  const { world, life, around } = given
  const { clock } = life
  const logger = around.verbose ? storyOf(world, life) : silent
  const broker = createMessaging({ transport: around.broker.connect(life), clock, logger })
  const { engine, close } = builders[service]({ ...given, common: { broker, clock, logger, auth: testCallers } })
  return {
    engine,
    async close() {
      await broker.close()
      await close()
    },
  }
}

const builders: Readonly<Record<ServiceName, (given: Given) => Service>> = {
  order(given) {
    const { life, around, common, settings } = given
    const behind = behindOf(given, 'order')
    const real = sqliteOrders(around.databases.order.database, life.clock)
    const store = connectStore(behind, real.store)
    const database = { ...real, store, reads: connectReads(behind, real.reads) }
    const { http } = around.doorways.of('order', life.name)
    const { newId } = around
    const { deadlineAfter } = settings
    const { engine } = order.createApp({ ...common, database, cache: noCache, newId, deadlineAfter, http })
    return { engine, close: () => store.close() }
  },
  inventory(given) {
    const { life, around, common } = given
    const behind = behindOf(given, 'inventory')
    const real = sqliteStock(around.databases.inventory.database, life.clock)
    const store = connectStore(behind, real.store)
    const database = { ...real, store, reads: connectReads(behind, real.reads) }
    const { http } = around.doorways.of('inventory', life.name)
    const { engine } = inventory.createApp({ ...common, database, cache: noCache, newId: around.newId, http })
    return { engine, close: () => store.close() }
  },
  payment(given) {
    const { life, around, common } = given
    const behind = behindOf(given, 'payment')
    const real = sqlitePayments(around.databases.payment.database, life.clock)
    const store = connectStore(behind, real.store)
    const { find } = connectReads(behind, { find: real.find })
    const { http } = around.doorways
    const processor = around.moments.watched(around.cards.connect(life), life)
    const { engine } = payment.createApp({ ...common, database: { ...real, store, find }, processor, http })
    return { engine, close: () => store.close() }
  },
  notification({ world, life, around, common }) {
    const database = documentNotifications(connectDocuments(world, life, around.twin), life.clock)
    const { http } = around.doorways
    const mailer = around.moments.watchedMailer(around.mail.connect(life), life)
    const { engine } = notification.createApp({ ...common, database, mailer, mailDomain: 'flotilla.test', http })
    return { engine, close: () => database.store.close() }
  },
}

const behindOf = ({ world, life, settings, around }: Given, service: SqlService): Behind => ({
  world,
  life,
  name: `${service}-db`,
  embedded: settings.embedded,
  owes: around.databases[service].owes,
  onCommit: (changes) => around.moments.committed(service, changes),
})

/** What a process logs as a warning or worse belongs into the story. */
function storyOf(world: World, { name }: Life): Logger {
  const write = (line: string) => {
    const { level, msg, err } = JSON.parse(line) as { level: string; msg: string; err?: { message: string } }
    world.tell(name, () => `logs ${level}: ${msg}${err ? ` (${err.message})` : ''}`)
  }
  return createLogger({ service: name, version: '0', level: 'warn', destination: { write } })
}

const silent = createLogger({ service: 'sim', version: '0', level: 'fatal', destination: { write: () => {} } })
