import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { startCardProcessor } from '@flotilla/card-processor/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { stripeProcessor } from '../src/outbound/card-processor.ts'
import { stripeClient } from '../src/outbound/stripe-client.ts'
import { cancelled, createWorldOf, due, order, startPayments, statusOf, told } from './paying.ts'

/** Stripe's own client against a card processor that speaks its protocol: what payment believes of Stripe is so. */

/** Where a first request goes, told by Node as it makes it; nothing is sent. */
async function hostAsked(url: string): Promise<string | undefined> {
  let host: string | undefined
  const created = ({ request }: { request: ClientRequest }) => {
    host = `${request.protocol}//${request.getHeader('host')}`
    request.destroy(new Error('not sent'))
  }
  const channel = 'http.client.request.created'
  subscribe(channel, created as (message: unknown) => void)
  onTestFinished(() => void unsubscribe(channel, created as (message: unknown) => void))
  const client = stripeClient({ url, key: () => 'sk_test_flotilla', timeout: 400 })
  await expect(client().paymentIntents.retrieve('pi_1')).rejects.toThrow()
  return host
}

/** Node leaves out of the header the port that the protocol has by itself. */
it.each([
  ['http://cards.invalid', 'http://cards.invalid'],
  ['http://cards.invalid:80/', 'http://cards.invalid'],
  ['http://cards.invalid:443', 'http://cards.invalid:443'],
  ['http://cards.invalid:7408', 'http://cards.invalid:7408'],
  ['https://cards.invalid', 'https://cards.invalid'],
  ['https://cards.invalid:8443', 'https://cards.invalid:8443'],
])('a card processor at %s is asked there', async (url, host) => {
  expect(await hostAsked(url)).toBe(host)
})

interface Recorded {
  readonly status: string
  readonly amount: number
  readonly currency: string
  readonly amount_received: number
  readonly amount_refunded: number
  readonly refunds: readonly { readonly status: string }[]
}

/** Time flows: twenty seconds of the service in one of the test. Calls time out after 400 ms of real time. */
async function createWorld() {
  const server = await startCardProcessor({ slow: 300, refundDelay: 100 })
  onTestFinished(() => server.close())
  const client = stripeClient({ url: server.url, key: () => 'sk_test_flotilla', timeout: 400 })
  const world = createWorldOf(stripeProcessor(client))
  onTestFinished(world.clock.flow(20))
  const intents = async (): Promise<Recorded[]> => {
    const response = await fetch(`${server.url}/flotilla/intents?metadata[orderId]=${order}`)
    return ((await response.json()) as { data: Recorded[] }).data
  }
  const money = async () => {
    const all = await intents()
    const sum = (of: (intent: Recorded) => number) => all.reduce((total, intent) => total + of(intent), 0)
    return { received: sum((intent) => intent.amount_received), refunded: sum((intent) => intent.amount_refunded) }
  }
  return { ...world, server, intents, money }
}

const captured = 'payment.captured.v1'
const declined = 'payment.declined.v1'
const refunded = 'payment.refunded.v1'

describe('P3: with Stripe, a card that', () => {
  it.each([
    ['is good', 'pm_card_visa'],
    ['is answered with 500 once', 'pm_card_500_once'],
    ['is answered with 500 although it was charged', 'pm_card_500_after'],
    ['is not answered, and not charged', 'pm_card_timeout_before'],
    ['is not answered although it was charged', 'pm_card_timeout'],
    ['takes its time', 'pm_card_slow'],
  ])('%s is charged once', async (_what, method) => {
    const world = await createWorld()
    const payments = await startPayments(world)
    await world.broker.deliver(due(method))
    await world.broker.whenSaid(captured)
    expect(await world.money()).toEqual({ received: 3400, refunded: 0 })
    expect([told(world), statusOf(payments)]).toEqual([[captured], 'captured'])
    const [intent] = await world.intents()
    expect(intent).toMatchObject({ amount: 3400, currency: 'eur', status: 'succeeded' })
  })

  it.each([
    ['is declined', 'pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds', 'requires_payment_method'],
    ['has expired', 'pm_card_chargeDeclinedExpiredCard', 'expired_card', 'requires_payment_method'],
    ['asks its owner', 'pm_card_authenticationRequired', 'requires-action', 'canceled'],
    ['nobody knows', 'pm_nonsense', 'resource_missing', undefined],
  ])('%s is declined with its reason, and not charged', async (_what, method, reason, status) => {
    const world = await createWorld()
    await startPayments(world)
    await world.broker.deliver(due(method))
    await world.broker.whenSaid(declined)
    expect(world.broker.said(declined)[0]?.data.reason).toBe(reason)
    expect((await world.intents())[0]?.status).toBe(status)
    expect(await world.money()).toEqual({ received: 0, refunded: 0 })
  })

  it('cannot be reached for a while is charged once when it can', async () => {
    const world = await createWorld()
    await startPayments(world)
    world.server.setFault({ mode: 'down', count: 3 })
    await world.broker.deliver(due('pm_card_visa'))
    await world.broker.whenSaid(captured)
    expect(await world.money()).toEqual({ received: 3400, refunded: 0 })
  })

  it.each([
    ['at once', 'pm_card_visa', 1],
    ['after it was pending', 'pm_card_refund_pending', 1],
    ['at the second attempt', 'pm_card_refund_fails_once', 2],
  ])('was charged is refunded in full %s when the order is cancelled', async (_what, method, attempts) => {
    const world = await createWorld()
    const payments = await startPayments(world)
    await world.broker.deliver(due(method))
    await world.broker.whenSaid(captured)
    await world.broker.deliver(cancelled())
    await world.broker.whenSaid(refunded)
    expect(await world.money()).toEqual({ received: 3400, refunded: 3400 })
    expect((await world.intents())[0]?.refunds).toHaveLength(attempts)
    expect(statusOf(payments)).toBe('refunded')
  })

  it('is being charged while the order is cancelled is refunded when the charge completes', async () => {
    const world = await createWorld()
    await startPayments(world)
    await world.broker.deliver(due('pm_card_slow'))
    await expect.poll(async () => (await world.intents())[0]?.status).toBe('processing')
    await world.broker.deliver(cancelled())
    await world.broker.whenSaid(refunded)
    expect(await world.money()).toEqual({ received: 3400, refunded: 3400 })
  })

  it.each([
    ['while its intent is created', 'pm_card_visa', undefined],
    ['while it is charged', 'pm_card_slow', 'processing'],
  ])('belongs to a process that dies %s is charged once', async (_when, method, status) => {
    const world = await createWorld()
    const before = await startPayments(world)
    if (status === undefined) world.server.setFault({ mode: 'slow', count: 1, seconds: 0.2 })
    await world.broker.deliver(due(method))
    await expect.poll(async () => (await world.intents())[0]?.status).toBe(status)
    await before.kill()
    await startPayments(world)
    await world.broker.whenSaid(captured)
    expect(await world.money()).toEqual({ received: 3400, refunded: 0 })
  })
})
