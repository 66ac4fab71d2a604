import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServiceBusBroker } from '@flotilla/broker/service-bus'
import { startCardProcessor } from '@flotilla/card-processor/server'
import { emulatorConfig } from '@flotilla/contracts/emulator'
import { startCosmos } from '@flotilla/cosmos/server'
import { systemClock } from '@flotilla/decider/clock'
import { createAuthenticator } from '@flotilla/host/auth'
import { memoryCache } from '@flotilla/host/cache'
import { type Keeping, openSqlDatabase } from '@flotilla/host/sql-database'
import { startIdentity } from '@flotilla/identity/server'
import { createApp as createInventory } from '@flotilla/inventory/app'
import { azureStock, sqliteStock } from '@flotilla/inventory/outbound/store'
import { startMailbox } from '@flotilla/mailbox/server'
import { createApp as createNotification } from '@flotilla/notification/app'
import { smtpMailer } from '@flotilla/notification/outbound/mail'
import { smtpTransport } from '@flotilla/notification/outbound/smtp'
import { cosmosNotifications } from '@flotilla/notification/outbound/store'
import { createApp as createOrder } from '@flotilla/order/app'
import { azureOrders, sqliteOrders } from '@flotilla/order/outbound/store'
import { createApp as createPayment } from '@flotilla/payment/app'
import { stripeProcessor } from '@flotilla/payment/outbound/card-processor'
import { azurePayments, sqlitePayments } from '@flotilla/payment/outbound/store'
import { stripeClient } from '@flotilla/payment/outbound/stripe-client'
import { startServiceBus } from '@flotilla/service-bus/server'
import { createCosmosClient, ensureContainer } from '@flotilla/store-cosmos/client'
import { createLogger } from '@flotilla/telemetry/log'
import { collectSpans } from '@flotilla/telemetry/testing'
import { uuidv7 } from 'uuidv7'
import { expect, it, onTestFinished } from 'vitest'
import { ask, type OrderView, type Timeline } from '../src/client.ts'
import { databasesOf } from '../src/databases.ts'
import type { Elsewhere } from '../src/members.ts'
import { list } from '../src/seed.ts'
import { eventually, onEachDatabase, order } from './support.ts'

/** All four services and all stand-ins in this process, so that one exporter sees every span. */
async function world({ sqlServer }: Elsewhere) {
  const end: (() => unknown)[] = []
  onTestFinished(async () => {
    for (const each of end.reverse()) await each()
  })
  const kept = <Each extends { close(): unknown }>(each: Each): Each => {
    end.push(() => each.close())
    return each
  }
  const data = mkdtempSync(join(tmpdir(), 'flotilla-'))
  end.push(() => rmSync(data, { recursive: true }))
  const databases = databasesOf(data, sqlServer)
  end.push(() => databases.drop())
  await databases.migrate()
  const identity = kept(await startIdentity())
  const bus = kept(await startServiceBus({ config: emulatorConfig() }))
  const cosmos = kept(await startCosmos({}))
  const cards = kept(await startCardProcessor())
  const mailbox = kept(await startMailbox())
  const client = await createCosmosClient(cosmos)
  end.push(() => client.dispose())
  const container = await ensureContainer({ client, database: 'notification', container: 'notifications' })
  const smtp = kept(smtpTransport({ url: mailbox.smtpUrl }))
  const logger = createLogger({ service: 'test', version: '0', level: 'silent' })
  const auth = createAuthenticator({
    issuers: [{ issuer: identity.url, audience: identity.audience }],
    endUserSecret: 'secret',
  })
  const clock = systemClock
  const { settings } = databases
  const opened = async <Kept extends { readonly store: { close(): Promise<void> } }>(
    service: keyof typeof settings,
    keeping: Keeping<Kept>,
  ) => {
    const { database } = await openSqlDatabase(settings[service], { clock, logger }, keeping)
    end.push(() => database.store.close())
    return database
  }
  const given = async () => ({
    broker: kept(await createServiceBusBroker({ connectionString: bus.connectionString })),
    ...{ clock, auth, logger, cache: memoryCache, newId: uuidv7 },
  })
  const processor = stripeProcessor(stripeClient({ url: cards.url, key: () => 'sk_test_x', timeout: 5_000 }))
  const mailer = smtpMailer(smtp.current, 'shop@example.com')
  const start = async ({ server, engine }: ReturnType<typeof createOrder>) => {
    await engine.start()
    end.push(() => server.close(), engine.drain.send.run, engine.drain.receive.run)
    return server.listen({ port: 0, host: '127.0.0.1' })
  }
  const orders = await opened('order', { sqlite: sqliteOrders, azureSql: azureOrders })
  const url = await start(createOrder({ ...(await given()), database: orders, deadlineAfter: 60_000 }))
  const items = await opened('inventory', { sqlite: sqliteStock, azureSql: azureStock })
  const stock = await start(createInventory({ ...(await given()), database: items }))
  const payments = await opened('payment', { sqlite: sqlitePayments, azureSql: azurePayments })
  await start(createPayment({ ...(await given()), database: payments, processor }))
  const database = cosmosNotifications(container, clock)
  await start(createNotification({ ...(await given()), database, mailer, mailDomain: 'example.com' }))
  return { identity, url, stock }
}

onEachDatabase((elsewhere) => {
  it('one order is one trace, from HTTP over the broker through all four services to the mail', async () => {
    const collected = collectSpans()
    onTestFinished(() => collected.shutdown())
    const { identity, url, stock } = await world(elsewhere)
    const operator = await identity.issueClientToken()
    await list(stock, operator, { sku: 'TEA-SENCHA', name: 'Sencha', price: 1_250, currency: 'EUR', quantity: 5 })
    const token = await identity.issueToken('ada')
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const placed = await eventually(async () => {
      const { status, body } = await ask<OrderView>(`${url}/api/v1/orders`, token, {
        method: 'POST',
        headers: { 'idempotency-key': 'one', traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
        body: order(),
        expect: [202, 422],
      })
      return status === 202 ? body : undefined
    })
    await eventually(async () => {
      const { body } = await ask<Timeline>(`${url}/api/v1/orders/${placed.id}/timeline`, token)
      return body.entries.some(({ type }) => type === 'NotificationSent') || undefined
    })
    const names = new Set(
      collected
        .spans()
        .filter((span) => span.spanContext().traceId === traceId)
        .map(({ name }) => name),
    )
    expect([...names]).toEqual(
      expect.arrayContaining([
        'POST /api/v1/orders',
        'commit order',
        'publish orders',
        'process orders/inventory',
        'commit inventory',
        'publish inventory',
        'process inventory/order',
        'process orders/payment',
        'commit payment',
        'due-work create-intent',
        'due-work settle-intent',
        'publish payments',
        'process payments/order',
        'process orders/notification',
        'commit notification',
        'due-work mail',
        'publish notifications',
        'process notifications/order',
      ]),
    )
  }, 60_000)
})
