import { Currency, MinorUnits } from '@flotilla/contracts/values'
import { notFound } from '@flotilla/host/problem'
import { route } from '@flotilla/host/route'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Payment } from '../domain/payment.ts'

const PaymentView = z.object({
  orderId: z.uuid(),
  status: z.enum(['requested', 'pending', 'captured', 'declined', 'cancelled', 'refunding', 'refunded']),
  /** Integer minor units. */
  amount: MinorUnits,
  currency: Currency,
  /** Of a decline. */
  reason: z.string().optional(),
})

/** What the routes ask of payment. */
export interface PaymentRoutes {
  readonly find: (orderId: string) => Promise<Payment>
}

/** What people may ask of payments: their own. */
export function paymentRoutes(app: FastifyInstance, { find }: PaymentRoutes): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/payments/:orderId',
    scope: 'payments.read',
    summary: 'Read the payment of one of your orders',
    params: z.object({ orderId: z.uuid() }),
    responses: { 200: PaymentView },
    async handler({ params, caller, request }) {
      const payment = await find(params.orderId)
      if (payment.status === 'absent' || payment.status === 'shut' || payment.customer !== caller.id) {
        throw notFound('You have no order with this id whose payment was due.')
      }
      const { orderId, status, amount, currency } = payment
      request.orderId = orderId
      const reason = payment.status === 'declined' ? { reason: payment.reason } : {}
      return { status: 200, body: { orderId, status, amount, currency, ...reason } }
    },
  })
}
