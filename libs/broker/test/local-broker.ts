import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emulatorConfig } from '@flotilla/contracts/emulator'
import { seal } from '@flotilla/contracts/envelope'
import type { Message } from '@flotilla/contracts/message'
import { startServiceBus } from '@flotilla/service-bus/server'
import { onTestFinished } from 'vitest'
import type { Broker, Delivery } from '../src/broker.ts'
import type { ConsumerEvent } from '../src/limits.ts'
import { createServiceBusBroker, type ServiceBusBrokerOptions } from '../src/service-bus.ts'

const options = { config: emulatorConfig(), releaseLocksOnDisconnect: true }

/** A broker on this machine that can go away and come back. */
export interface LocalBroker {
  readonly connectionString: string
  stop(): Promise<void>
  start(): Promise<void>
}

/** Ends with the test. Locks end with their connections, so that no test has to wait for them. */
export async function localBroker(): Promise<LocalBroker> {
  const data = await mkdtemp(join(tmpdir(), 'flotilla-broker-'))
  let running: Awaited<ReturnType<typeof startServiceBus>> | undefined = await startServiceBus({ ...options, data })
  const { port, adminPort, connectionString } = running
  const stop = async () => {
    await running?.close()
    running = undefined
  }
  onTestFinished(async () => {
    await stop()
    await rm(data, { recursive: true, force: true })
  })
  return {
    connectionString,
    stop,
    async start() {
      running = await startServiceBus({ ...options, data, port, adminPort })
    },
  }
}

/** Ends with the test, before the local broker does. */
export async function brokerAt(
  connectionString: string,
  options: Omit<ServiceBusBrokerOptions, 'connectionString' | 'fullyQualifiedNamespace' | 'credential'> = {},
): Promise<{ broker: Broker; events: ConsumerEvent[] }> {
  const events: ConsumerEvent[] = []
  const broker = await createServiceBusBroker({ connectionString, onEvent: (event) => events.push(event), ...options })
  onTestFinished(() => broker.close())
  return { broker, events }
}

/** Messages as they arrive. */
export class Inbox {
  readonly deliveries: Delivery[] = []
  #changed = Promise.withResolvers<void>()

  readonly listener = async (delivery: Delivery) => {
    this.deliveries.push(delivery)
    this.changed()
  }

  changed() {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  ids = (): string[] => this.deliveries.map(({ messageId }) => messageId)

  async until(done: () => boolean) {
    while (!done()) await this.#changed.promise
  }
}

const facts = {
  orderId: '019a2b3c-0000-7000-8000-000000000001',
  customer: 'https://issuer.example|ada',
  currency: 'EUR',
  deadline: '2026-01-01T00:10:00.000Z',
}
const now = Date.UTC(2026, 0, 1)
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** An event that only payment hears. */
export const paymentDue = (id: string, paymentMethod = 'pm_card_visa'): Message =>
  seal(id, { type: 'order.payment-due.v1', data: { ...facts, amount: 4_200, paymentMethod } }, now, traceparent)

/** An event that inventory, payment and notification hear. */
export function orderCancelled(id: string): Message {
  const data = {
    ...facts,
    email: 'ada@example.org',
    total: 4_200,
    reason: 'expired' as const,
    paymentDue: true,
    cancelledAt: '2026-01-01T00:10:01.000Z',
  }
  return seal(id, { type: 'order.cancelled.v1', data }, now, traceparent)
}
