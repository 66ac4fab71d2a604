import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { Message } from '@flotilla/contracts/message'
import { type Asker, asker, customerId, testCallers, testLogger } from '@flotilla/host/testing'
import { message, TestBroker } from '@flotilla/host/testing-broker'
import { TestClock } from '@flotilla/host/testing-clock'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { migrate } from '@flotilla/store-sqlite/migrations'
import { onTestFinished } from 'vitest'
import { createApp } from '../src/app.ts'
import type { CardProcessor } from '../src/outbound/card-processor.ts'
import { sqlitePayments } from '../src/outbound/store.ts'
import { FakeProcessor } from './fake-processor.ts'

/** What outlives a process of the payment service: its database file, the broker, the card processor, time. */
export interface World<P extends CardProcessor = FakeProcessor> {
  readonly clock: TestClock
  readonly broker: TestBroker
  readonly processor: P
  readonly file: string
}

export interface Payments<P extends CardProcessor = FakeProcessor> extends World<P> {
  readonly ask: Asker
  readonly lines: readonly string[]
  readonly sqlite: DatabaseSync
  /** Ends as by kill -9: nothing of it happens any more. */
  kill(): Promise<void>
}

export function createWorld(seed?: number): World {
  const clock = new TestClock(undefined, seed)
  return createWorldOf(new FakeProcessor(clock), clock)
}

export function createWorldOf<P extends CardProcessor>(processor: P, clock = new TestClock()): World<P> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-payment-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'payment.db')
  migrate({ file, folders: { payment: fileURLToPath(new URL('../migrations/sqlite', import.meta.url)) } })
  return { clock, broker: new TestBroker(), processor, file }
}

/** The payment service in this process, running, with a connection of its own to the database. */
export async function startPayments<P extends CardProcessor>(world: World<P>): Promise<Payments<P>> {
  const { clock, broker, processor, file } = world
  const life = clock.life()
  const sqlite = openSqlite({ file })
  const { logger, lines } = testLogger()
  const database = sqlitePayments(sqlite, life.clock)
  const { server, engine } = createApp({ database, broker, processor, clock: life.clock, auth: testCallers, logger })
  await server.ready()
  await engine.start()
  onTestFinished(async () => {
    life.end()
    await server.close()
    if (sqlite.isOpen) sqlite.close()
  })
  return {
    ...world,
    ask: asker(server, 'payments.read'),
    lines,
    sqlite,
    async kill() {
      life.end()
      await server.close()
      sqlite.close()
    },
  }
}

const started = Date.UTC(2026, 0, 1)
const iso = (at: number) => new Date(at).toISOString()
const deadline = iso(started + 600_000)
export const order = '01900000-0000-7000-8000-000000000001'

export function due(paymentMethod = 'pm_good', orderId = order): Message {
  const data = { orderId, customer: customerId('ada'), amount: 3400, currency: 'EUR', paymentMethod, deadline }
  return message({ type: 'order.payment-due.v1', data }, started)
}

export function cancelled(orderId = order): Message {
  const about = { orderId, customer: customerId('ada'), email: 'ada@example.com', currency: 'EUR', total: 3400 }
  const data = { ...about, reason: 'customer-request', paymentDue: true, cancelledAt: iso(started), deadline } as const
  return message({ type: 'order.cancelled.v1', data }, started)
}

/** What the payment is, by its database. */
export function statusOf({ sqlite }: { readonly sqlite: DatabaseSync }, orderId = order): unknown {
  const id = Buffer.from(orderId.replaceAll('-', ''), 'hex')
  return sqlite.prepare('SELECT status FROM payment WHERE id = ?').get(id)?.status
}

/** What the world was told, each event once. */
export function told({ broker }: { readonly broker: TestBroker }): string[] {
  return [...new Map(broker.taken.map(({ id, type }) => [id, type])).values()]
}
