import { open } from '@flotilla/contracts/envelope'
import type { PublicEvent } from '@flotilla/contracts/events'
import type { Message } from '@flotilla/contracts/message'
import { message } from '@flotilla/host/testing-broker'
import type { Ordering } from './ordering.ts'

/** What the other services would answer to each message of ordering, as they do when all goes well unless told otherwise. */
export interface Peers {
  readonly stock?: 'reserved' | 'rejected'
  readonly payment?: 'captured' | 'declined'
}

/** When peers say what they say: always the same, so that a run can be compared with another. */
const then = Date.UTC(2026, 0, 1)
const iso = new Date(then).toISOString()

export function answersTo(heard: Message, { stock = 'reserved', payment = 'captured' }: Peers = {}): Message[] {
  return eventsAfter(open(heard.body), stock, payment).map((event) => message(event, then))
}

function eventsAfter(event: PublicEvent, stock: string, payment: string): PublicEvent[] {
  switch (event.type) {
    case 'order.placed.v1': {
      const { orderId } = event.data
      if (stock === 'reserved') return [{ type: 'stock.reserved.v1', data: { orderId, reservedAt: iso } }]
      return [{ type: 'stock.rejected.v1', data: { orderId, reason: 'out-of-stock', sku: 'TEA-1', rejectedAt: iso } }]
    }
    case 'order.payment-due.v1': {
      const { orderId, amount, currency } = event.data
      if (payment === 'captured') {
        return [{ type: 'payment.captured.v1', data: { orderId, amount, currency, capturedAt: iso } }]
      }
      return [{ type: 'payment.declined.v1', data: { orderId, reason: 'generic_decline', declinedAt: iso } }]
    }
    case 'order.confirmed.v1': {
      const data = { orderId: event.data.orderId, messageId: 'm@flotilla.test', sentAt: iso }
      return [{ type: 'notification.sent.v1', data: { ...data, kind: 'order-confirmed' } }]
    }
    case 'order.cancelled.v1': {
      const { orderId, total: amount, currency, paymentDue } = event.data
      const mail = { orderId, kind: 'order-cancelled', messageId: 'm@flotilla.test', sentAt: iso } as const
      const sent: PublicEvent = { type: 'notification.sent.v1', data: mail }
      if (!paymentDue || payment !== 'captured') return [sent]
      return [{ type: 'payment.refunded.v1', data: { orderId, amount, currency, refundedAt: iso } }, sent]
    }
    default:
      return []
  }
}

/** Lets the peers answer, in order, until nobody has anything to say. Gives every message that ordering heard. */
export async function letPeersAnswer({ broker, clock }: Ordering, peers?: Peers): Promise<Message[]> {
  const heard: Message[] = []
  for (let answered = 0; ; ) {
    await clock.settle()
    const said = broker.taken[answered]
    if (!said) return heard
    answered += 1
    for (const answer of answersTo(said, peers)) {
      heard.push(answer)
      await broker.deliver(answer)
    }
  }
}
