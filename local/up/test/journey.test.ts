import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, type OrderView, type Timeline } from '../src/client.ts'
import { eventually, onEachDatabase, order, post, readOrder, settled, type TestFleet, testFleet } from './support.ts'

/** The story of an order, from HTTP to e-mail, through real processes. */

onEachDatabase((elsewhere) => {
  let fleet: TestFleet
  let token: string
  const accepted: string[] = []
  beforeAll(async () => {
    fleet = await testFleet({ order: { ORDER_DEADLINE_SECONDS: '8' } }, elsewhere)
    token = await fleet.token('ada')
  }, 60_000)
  afterAll(() => fleet?.end(), 60_000)

  async function place(body: unknown): Promise<string> {
    const { id } = (await post(fleet, token, body)).body
    accepted.push(id)
    return id
  }

  const ended = (id: string) =>
    eventually(async () => {
      const found = await readOrder(fleet, token, id)
      return found.status === 'confirmed' || found.status === 'cancelled' ? found : undefined
    })

  const paymentOf = async (id: string) =>
    (await ask<{ status: string; amount: number }>(`${fleet.url}/api/v1/payments/${id}`, token)).body

  describe('an order', () => {
    it('is confirmed, paid and told', async () => {
      const id = await place(order([{ sku: 'TEA-SENCHA', quantity: 2 }]))
      expect(await ended(id)).toMatchObject({ status: 'confirmed', total: 2_500 })
      expect(await paymentOf(id)).toMatchObject({ status: 'captured', amount: 2_500 })
      const timeline = await eventually(async () => {
        const { entries } = (await ask<Timeline>(`${fleet.url}/api/v1/orders/${id}/timeline`, token)).body
        return entries.some(({ type }) => type === 'NotificationSent') ? entries.map(({ type }) => type) : undefined
      })
      expect(timeline).toEqual(['Placed', 'StockReserved', 'PaymentCaptured', 'Confirmed', 'NotificationSent'])
      const mails = await (await fetch(`${fleet.sources.mailbox}/messages?orderId=${id}`)).json()
      expect(mails).toMatchObject({ messages: [{ to: ['ada@example.com'], messageId: expect.stringContaining(id) }] })
    })

    it('whose card is declined is cancelled, and its stock is given back', async () => {
      const id = await place(order([{ sku: 'CUP-STONEWARE', quantity: 7 }], 'pm_card_visa_chargeDeclined'))
      expect(await ended(id)).toMatchObject({ status: 'cancelled', reason: 'payment-declined' })
      expect(await paymentOf(id)).toMatchObject({ status: 'declined' })
    })

    it('for more than there is ends cancelled, with nothing taken', async () => {
      const id = await place(
        order([
          { sku: 'TEA-SENCHA', quantity: 1 },
          { sku: 'POT-CAST-IRON', quantity: 51 },
        ]),
      )
      expect(await ended(id)).toMatchObject({ status: 'cancelled', reason: 'out-of-stock' })
    })

    it('is cancelled at its deadline, and a capture that completes after that is refunded', async () => {
      // The processor does not answer, although the card is charged; the answer is only asked for after the deadline.
      const id = await place(order(undefined, 'pm_card_timeout'))
      const cancelled = await ended(id)
      expect(cancelled.status === 'cancelled' ? cancelled.reason : 'confirmed in time').toMatch(
        /expired|confirmed in time/,
      )
      const payment = await eventually(async () => {
        const { status } = await paymentOf(id)
        return status === 'refunded' || status === 'captured' ? status : undefined
      })
      expect(payment).toBe(cancelled.status === 'cancelled' ? 'refunded' : 'captured')
    }, 60_000)

    it('may be cancelled by its customer while it is open', async () => {
      const id = await place(order(undefined, 'pm_card_slow'))
      const cancel = () =>
        ask(`${fleet.url}/api/v1/orders/${id}/cancel`, token, {
          method: 'POST',
          headers: { 'idempotency-key': `cancel-${id}` },
        })
      await cancel()
      await cancel()
      expect(await ended(id)).toMatchObject({ status: 'cancelled', reason: 'customer-request' })
      await eventually(async () => {
        const { status } = await paymentOf(id).catch(() => ({ status: 'none' }))
        return ['none', 'refunded', 'cancelled'].includes(status) ? true : undefined
      })
    })

    it('is made once by fifty parallel posts with one key, and answered fifty times alike', async () => {
      const key = 'fifty'
      const answers = await Promise.all(Array.from({ length: 50 }, () => post(fleet, token, order(), [202], key)))
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
      accepted.push(answers[0]?.body.id ?? '')
    })

    it('of somebody else is not there', async () => {
      const id = await place(order())
      const other = await fleet.token('eve')
      for (const path of [`orders/${id}`, `orders/${id}/timeline`, `payments/${id}`]) {
        await ask(`${fleet.url}/api/v1/${path}`, other, { expect: [404] })
      }
      const { body } = await ask<{ orders: OrderView[] }>(`${fleet.url}/api/v1/orders`, other)
      expect(body.orders).toEqual([])
    })
  })

  it('P1 to P6 hold for all of them', async () => {
    const { findings } = await settled(fleet, { accepted }, 60_000)
    expect(findings).toEqual([])
  }, 90_000)
})
