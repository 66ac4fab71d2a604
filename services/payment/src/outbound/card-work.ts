import type { Clock } from '@flotilla/decider/clock'
import type { KnownPayment, Payment, PaymentCommand } from '../domain/payment.ts'
import type { CardProcessor, IntentState } from './card-processor.ts'

/** One attempt at work that payment owes: the command it ended with, or when to look again (ms since the epoch). */
export type CardResult = { readonly command: PaymentCommand } | { readonly again: number }

export type CardWorker = (orderId: string, attempts: number) => Promise<CardResult>

export interface CardWorkOptions {
  readonly processor: CardProcessor
  /** The payment as it is stored now. */
  readonly find: (orderId: string) => Payment | Promise<Payment>
  readonly clock: Clock
  /** Called when a refund is older than `refundAlertAfter`. */
  readonly onRefundOverdue?: (orderId: string, since: number) => void
}

/** A refund not done within 15 minutes is somebody's business. */
const refundAlertAfter = 15 * 60_000
const refundPollEvery = 2_000

/** The calls to the card processor, one worker for each kind of due work. A worker reads before it calls. */
export function cardWorkers(
  options: CardWorkOptions,
): Record<'create-intent' | 'settle-intent' | 'refund', CardWorker> {
  return {
    'create-intent': async (orderId, attempts) => createIntent(await known(options, orderId), attempts, options),
    'settle-intent': async (orderId, attempts) => settleIntent(await known(options, orderId), attempts, options),
    refund: async (orderId, attempts) => refund(await known(options, orderId), attempts, options),
  }
}

async function known({ find }: CardWorkOptions, orderId: string): Promise<KnownPayment> {
  const payment = await find(orderId)
  if (payment.status === 'absent' || payment.status === 'shut') {
    throw new Error(`there is work for a payment that is ${payment.status}`)
  }
  return payment
}

async function createIntent(payment: KnownPayment, attempts: number, { processor, clock }: CardWorkOptions) {
  const { orderId } = payment
  if (payment.status === 'requested' && payment.cancelled)
    return done({ type: 'NoteCancellation', orderId, at: clock.now() })
  if (clock.now() >= payment.deadline) return done({ type: 'NoteDecline', orderId, reason: 'expired', at: clock.now() })
  const created = await processor.createIntent(payment, attempts)
  if ('declined' in created) return done({ type: 'NoteDecline', orderId, reason: created.declined, at: clock.now() })
  return done({ type: 'NoteIntent', orderId, intentId: created.intentId, at: clock.now() })
}

/** Charges, or gives up in time. What a call that was not answered came to is asked, never tried again blindly. */
async function settleIntent(payment: KnownPayment, attempts: number, { processor, clock }: CardWorkOptions) {
  const { orderId } = payment
  const intentId = intentOf(payment)
  const wanted = () => !('cancelled' in payment && payment.cancelled) && clock.now() < payment.deadline
  let state: IntentState = attempts > 0 ? await processor.retrieve(intentId) : { status: 'unconfirmed' }
  if (state.status === 'unconfirmed' && wanted()) state = await processor.confirm(intentId, orderId, attempts)
  const asksTheCustomer = state.status === 'requires-action'
  if (state.status === 'unconfirmed' || asksTheCustomer) state = await processor.cancel(intentId, orderId, attempts)
  const at = clock.now()
  switch (state.status) {
    case 'succeeded':
      return done({ type: 'NoteCapture', orderId, at })
    case 'declined':
      return done({ type: 'NoteDecline', orderId, reason: state.reason, at })
    case 'cancelled': {
      if ('cancelled' in payment && payment.cancelled) return done({ type: 'NoteCancellation', orderId, at })
      // Cancelled by us: the customer was asked for more than a card, or it was too late.
      const reason = asksTheCustomer || at < payment.deadline ? 'requires-action' : 'expired'
      return done({ type: 'NoteDecline', orderId, reason, at })
    }
    default:
      throw new Error(`intent ${intentId} is ${state.status}; it will be asked for again`)
  }
}

/** Without end: the customer's money is given back, however long it takes. */
async function refund(payment: KnownPayment, attempts: number, options: CardWorkOptions): Promise<CardResult> {
  const { processor, clock, onRefundOverdue } = options
  const { orderId } = payment
  const intentId = intentOf(payment)
  if (payment.status === 'refunding' && clock.now() - payment.since > refundAlertAfter) {
    onRefundOverdue?.(orderId, payment.since)
  }
  const refunds = await processor.refunded(intentId)
  const isDue = refunds.state === 'none'
  const state = isDue ? await processor.refund(intentId, orderId, attempts, refunds.last) : refunds.state
  switch (state) {
    case 'succeeded':
      return done({ type: 'NoteRefund', orderId, at: clock.now() })
    case 'pending':
      return { again: clock.now() + refundPollEvery }
    case 'none':
      throw new Error(`the refund of intent ${intentId} failed at the processor`)
  }
}

function intentOf(payment: KnownPayment): string {
  if ('intentId' in payment && payment.intentId !== undefined) return payment.intentId
  throw new Error(`there is work on the intent of a payment that has none (${payment.status})`)
}

const done = (command: PaymentCommand): CardResult => ({ command })
