import type { Message } from '@flotilla/contracts/message'
import { Unavailable } from '@flotilla/decider/store'
import { type Asker, asker, customerId, testCallers, testLogger } from '@flotilla/host/testing'
import { message, TestBroker } from '@flotilla/host/testing-broker'
import { TestClock } from '@flotilla/host/testing-clock'
import { createTwin, type Fault as DatabaseFault, type Twin } from '@flotilla/store-cosmos/twin'
import { onTestFinished } from 'vitest'
import { createApp } from '../src/app.ts'
import type { Letter } from '../src/domain/letter.ts'
import type { Delivery, Mailer } from '../src/outbound/mail.ts'
import { documentNotifications } from '../src/outbound/store.ts'

/**
 * What goes wrong with one mail: it is refused for good, put off, the server is away, its answer is lost though the mail is
 * out, or there is never an answer, as for a process that dies meanwhile (`-after`: with the mail out).
 */
export type Fault = 'refused' | 'busy' | 'away' | 'lost' | 'stuck' | 'stuck-after'

export interface Mail {
  readonly to: string
  readonly orderId: string
  readonly letter: Letter
}

/** A mail server in this process that keeps what is on the wire. */
export class FakeMail {
  readonly wire: Mail[] = []
  /** For the next mails, one each. */
  readonly faults: (Fault | undefined)[] = []
  /** How often a mail was handed over. */
  tries = 0

  send: Mailer = async (letter, to, orderId): Promise<Delivery> => {
    this.tries += 1
    const fault = this.faults.shift()
    if (fault === 'refused') return { refused: 'the mail server refused with 550' }
    if (fault === 'busy') throw new Error('the mail server put the mail off with 451')
    if (fault === 'away') throw new Unavailable('the mail server: ECONNREFUSED')
    if (fault === 'stuck') return new Promise(() => {})
    this.wire.push({ to, orderId, letter })
    if (fault === 'stuck-after') return new Promise(() => {})
    if (fault === 'lost') throw new Unavailable('the mail server: ETIMEDOUT')
    return { sent: true }
  }
}

/** What outlives a process of the notification service: its documents, the broker, the mail server, time. */
export interface World {
  readonly clock: TestClock
  readonly broker: TestBroker
  readonly twin: Twin
  readonly mail: FakeMail
  /** What the database does wrong, as long as it is set. */
  database: DatabaseFault | undefined
}

export interface Notifying extends World {
  readonly ask: Asker
  readonly lines: readonly string[]
  /** Ends as by kill -9: nothing of it happens any more. */
  kill(): Promise<void>
}

export function createWorld(): World {
  const clock = new TestClock()
  const world: World = {
    clock,
    broker: new TestBroker(),
    mail: new FakeMail(),
    database: undefined,
    twin: createTwin({ now: clock.now, fault: () => world.database }),
  }
  return world
}

/** The notification service in this process, running. */
export async function startNotifying(world = createWorld(), mailer: Mailer = world.mail.send): Promise<Notifying> {
  const { clock, broker, twin } = world
  const life = clock.life()
  const { logger, lines } = testLogger()
  const { server, engine } = createApp({
    database: documentNotifications(twin, life.clock),
    broker,
    mailer,
    mailDomain: 'flotilla.test',
    clock: life.clock,
    auth: testCallers,
    logger,
  })
  await server.ready()
  await engine.start()
  onTestFinished(async () => {
    life.end()
    await server.close()
  })
  return Object.assign(world, {
    ask: asker(server, 'notifications.read'),
    lines,
    async kill() {
      life.end()
      await server.close()
    },
  })
}

const started = Date.UTC(2026, 0, 1)
const iso = (at: number) => new Date(at).toISOString()
const deadline = iso(started + 600_000)
export const order = '01900000-0000-7000-8000-000000000001'
export const address = 'ada.lovelace@example.com'
const about = { customer: customerId('ada'), currency: 'EUR', total: 3400 }

export function confirmed(orderId = order, email = address): Message {
  const lines = [{ sku: 'TEA-1', quantity: 2, unitPrice: 1700 }]
  const data = { orderId, ...about, email, lines, confirmedAt: iso(started), deadline }
  return message({ type: 'order.confirmed.v1', data }, started)
}

export function cancelled(orderId = order, email = address): Message {
  const why = { reason: 'out-of-stock', paymentDue: false } as const
  const data = { orderId, ...about, email, ...why, cancelledAt: iso(started), deadline }
  return message({ type: 'order.cancelled.v1', data }, started)
}
