import type { Effects } from '@flotilla/decider/batch'
import type { Payment, PaymentEvent } from '../domain/payment.ts'

/** The calls to the card processor that payment owes, each as due work. */
export type CardWork =
  | { readonly kind: 'create-intent'; readonly orderId: string }
  | { readonly kind: 'settle-intent'; readonly orderId: string }
  | { readonly kind: 'refund'; readonly orderId: string }

const work = ({ kind, orderId }: CardWork) => ({ id: `${kind}:${orderId}`, kind, payload: { orderId } })

/** What payment tells the world, and what it must do at the card processor. */
export function announce(event: PaymentEvent, payment: Payment): Effects {
  if (payment.status === 'absent' || payment.status === 'shut') return {}
  const { orderId, amount, currency } = payment
  switch (event.type) {
    case 'Requested':
      return payment.status === 'requested' ? { schedule: [work({ kind: 'create-intent', orderId })] } : {}
    case 'IntentCreated':
      return { schedule: [work({ kind: 'settle-intent', orderId })] }
    case 'Captured': {
      const data = { orderId, amount, currency, capturedAt: iso(event.at) }
      return { publish: [{ type: 'payment.captured.v1', data }] }
    }
    case 'Declined': {
      const data = { orderId, reason: event.reason, declinedAt: iso(event.at) }
      return { publish: [{ type: 'payment.declined.v1', data }] }
    }
    case 'RefundDue':
      return { schedule: [work({ kind: 'refund', orderId })] }
    case 'Refunded': {
      const data = { orderId, amount, currency, refundedAt: iso(event.at) }
      return { publish: [{ type: 'payment.refunded.v1', data }] }
    }
    default:
      return {}
  }
}

const iso = (at: number): string => new Date(at).toISOString()
