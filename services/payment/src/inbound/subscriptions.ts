import type { Envelope } from '@flotilla/contracts/envelope'
import type { PaymentCommand } from '../domain/payment.ts'

/** What payment hears, and what it makes of it. `at` in milliseconds since the epoch. */
export function hear(event: Envelope, at: number): PaymentCommand | undefined {
  switch (event.type) {
    case 'order.payment-due.v1': {
      const { orderId, customer, amount, currency, paymentMethod, deadline } = event.data
      return { type: 'Charge', orderId, customer, amount, currency, paymentMethod, deadline: Date.parse(deadline), at }
    }
    case 'order.cancelled.v1':
      return { type: 'Cancel', orderId: event.data.orderId, deadline: Date.parse(event.data.deadline), at }
    default:
      return undefined
  }
}
