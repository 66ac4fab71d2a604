import type { Payment, PaymentCommand, PaymentEvent, PaymentRefusal } from './payment.ts'

type Decision =
  | { readonly accepted: true; readonly events: readonly PaymentEvent[] }
  | { readonly accepted: false; readonly refusal: PaymentRefusal }

const accept = (...events: PaymentEvent[]): Decision => ({ accepted: true, events })
const contradicts = (payment: Payment, what: string): Decision => ({
  accepted: false,
  refusal: { code: 'contradiction', detail: `${what}, but the payment is ${payment.status}` },
})

/** Every rule of payment. Money moves once for an order, never past its deadline, and back when the order is cancelled. */
export function decide(payment: Payment, command: PaymentCommand): Decision {
  switch (command.type) {
    case 'Charge':
      return charge(payment, command)
    case 'Cancel':
      return cancel(payment, command)
    case 'NoteIntent':
      if (payment.status !== 'requested') return contradicts(payment, 'an intent was created')
      return accept({ type: 'IntentCreated', intentId: command.intentId })
    case 'NoteCapture':
      if (payment.status !== 'pending') return contradicts(payment, 'the intent has succeeded')
      return accept(
        { type: 'Captured', at: command.at },
        ...(payment.cancelled ? [{ type: 'RefundDue', at: command.at } as const] : []),
      )
    case 'NoteDecline':
      if (payment.status !== 'pending' && payment.status !== 'requested') {
        return contradicts(payment, 'the processor declined')
      }
      return accept({ type: 'Declined', reason: command.reason, at: command.at })
    case 'NoteCancellation':
      if (payment.status !== 'pending' && payment.status !== 'requested') {
        return contradicts(payment, 'the intent was cancelled')
      }
      return accept({ type: 'Cancelled' })
    case 'NoteRefund':
      if (payment.status !== 'refunding') return contradicts(payment, 'the payment was refunded')
      return accept({ type: 'Refunded', at: command.at })
  }
}

function charge(payment: Payment, { type: _, at, ...due }: Extract<PaymentCommand, { type: 'Charge' }>): Decision {
  if (payment.status !== 'absent') return accept()
  const requested = { type: 'Requested', ...due } as const
  return at >= due.deadline ? accept(requested, { type: 'Declined', reason: 'expired', at }) : accept(requested)
}

function cancel(payment: Payment, { orderId, deadline, at }: Extract<PaymentCommand, { type: 'Cancel' }>): Decision {
  switch (payment.status) {
    case 'absent':
      return accept({ type: 'Shut', orderId, deadline })
    case 'requested':
    case 'pending':
      return payment.cancelled ? accept() : accept({ type: 'CancellationHeard' })
    case 'captured':
      return accept({ type: 'RefundDue', at })
    default:
      return accept()
  }
}
