import { randomUUID } from 'node:crypto'
import { ask, customerToken, type OrderView, type Timeline, Unexpected } from './client.ts'
import type { Fleet } from './fleet.ts'
import { urlOf } from './members.ts'

export interface Told {
  readonly orderId: string
  readonly status: OrderView['status']
  /** From the request to its 202, in milliseconds, as the client measured it. */
  readonly accepted: number
  /** What happened, in milliseconds since the order was placed, by the services' own clock. */
  readonly steps: readonly { readonly type: string; readonly after: number }[]
}

const askEvery = 5
const patience = 60_000

export const exampleOrder = {
  lines: [
    { sku: 'TEA-SENCHA', quantity: 2 },
    { sku: 'CUP-STONEWARE', quantity: 1 },
  ],
  paymentMethod: 'pm_card_visa',
  contact: { email: 'ada@example.com' },
}

/** Places one order and follows it until its mail has arrived (or could not be sent). */
export async function placeAndFollow({ ports, url }: Fleet, customer: string): Promise<Told> {
  const token = await customerToken(urlOf(ports, 'identity'), customer)
  const orders = `${url}/api/v1/orders`
  const begun = performance.now()
  const placed = await placeWhenListed(orders, token)
  const accepted = performance.now() - begun
  const until = Date.now() + patience
  for (;;) {
    const { body } = await ask<Timeline>(`${orders}/${placed.id}/timeline`, token)
    if (body.entries.some(({ type }) => type.startsWith('Notification'))) {
      const { body: order } = await ask<OrderView>(`${orders}/${placed.id}`, token)
      const steps = body.entries.map(({ type, at }) => ({ type, after: Date.parse(at) - Date.parse(placed.placedAt) }))
      return { orderId: placed.id, status: order.status, accepted, steps }
    }
    if (Date.now() > until) throw new Error(`no mail after ${patience / 1000} s for order ${placed.id}`)
    await new Promise((resolve) => setTimeout(resolve, askEvery))
  }
}

/** The price list of a new fleet hears of its items a moment after they were listed. */
async function placeWhenListed(orders: string, token: string): Promise<OrderView> {
  const until = Date.now() + patience
  const key = randomUUID()
  for (;;) {
    try {
      const headers = { 'idempotency-key': key }
      return (await ask<OrderView>(orders, token, { method: 'POST', headers, body: exampleOrder, expect: [202] })).body
    } catch (error) {
      const unlisted = error instanceof Unexpected && error.message.includes('unknown-sku')
      if (!unlisted || Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, askEvery))
    }
  }
}
