// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the text of other files.

import type { Mutation } from './mutation.ts'

const decide = 'services/payment/src/domain/decide.ts'
const work = 'services/payment/src/outbound/card-work.ts'
const processor = 'services/payment/src/outbound/card-processor.ts'

/** Bugs in payment. */
export const paymentMutations: readonly Mutation[] = [
  {
    name: 'no-tombstone-in-payment',
    says: 'a cancellation that overtakes the payment being due is forgotten, and the card is charged',
    breaks: ['P3'],
    changes: [
      {
        file: decide,
        find: `return accept({ type: 'Shut', orderId, deadline })`,
        replace: 'return accept()',
      },
    ],
    within: 500,
  },
  {
    name: 'charged-past-the-deadline',
    says: 'the deadline is not looked at before a card is charged',
    breaks: ['P3'],
    changes: [
      {
        file: decide,
        find: `return at >= due.deadline ? accept(requested, { type: 'Declined', reason: 'expired', at }) : accept(requested)`,
        replace: 'return accept(requested)',
      },
      {
        file: work,
        find: `if (clock.now() >= payment.deadline) return done({ type: 'NoteDecline', orderId, reason: 'expired', at: clock.now() })`,
        replace: '',
      },
      { file: work, find: ' && clock.now() < payment.deadline\n', replace: '\n' },
    ],
    within: 1_500,
  },
  {
    name: 'charged-again-blindly',
    says: 'a charge whose outcome is unknown is tried again, and an intent that has succeeded taken for declined',
    breaks: ['P3'],
    changes: [
      {
        file: work,
        find: `attempts > 0 ? await processor.retrieve(intentId) : { status: 'unconfirmed' }`,
        replace: `{ status: 'unconfirmed' }`,
      },
      {
        file: processor,
        find: 'error.code === unexpectedState) return retrieve(intentId)',
        replace: `error.code === unexpectedState) return { status: 'declined', reason: error.code }`,
      },
    ],
    within: 100,
  },
  {
    name: 'no-answer-taken-for-a-decline',
    says: 'a charge that was not answered is taken for declined',
    breaks: ['P3'],
    changes: [
      {
        file: processor,
        find: `if (error instanceof StripeCardError) return { status: 'declined', reason: declineCode(error) }`,
        replace: `if (error instanceof StripeCardError) return { status: 'declined', reason: declineCode(error) }
      if (error instanceof Unavailable) return { status: 'declined', reason: 'processing_error' }`,
      },
    ],
    within: 150,
  },
  {
    name: 'cancel-key-never-changes',
    says: 'a 500 that the processor has stored is the answer to each further try to cancel',
    breaks: ['P1'],
    changes: [{ file: processor, find: '`${orderId}:cancel:${attempt}`', replace: '`${orderId}:cancel`' }],
    within: 4_000,
  },
  {
    name: 'refund-key-never-changes',
    says: 'a refund that failed is answered instead of a second one being made',
    breaks: ['P1'],
    changes: [{ file: processor, find: '`${orderId}:refund:${after}:${attempt}`', replace: '`${orderId}:refund`' }],
    within: 1_000,
  },
  {
    name: 'late-capture-kept',
    says: 'a charge that succeeds although the order was cancelled meanwhile is not given back',
    breaks: ['P3'],
    changes: [
      {
        file: decide,
        find: `...(payment.cancelled ? [{ type: 'RefundDue', at: command.at } as const] : []),`,
        replace: '',
      },
    ],
    within: 300,
  },
  {
    name: 'captured-payment-not-refunded',
    says: 'a cancellation after the capture is taken as too late',
    breaks: ['P3'],
    changes: [{ file: decide, find: `return accept({ type: 'RefundDue', at })`, replace: 'return accept()' }],
    within: 200,
  },
  {
    name: 'failed-refund-not-repeated',
    says: 'there is one refund, and when it has failed no other',
    breaks: ['P1'],
    changes: [
      {
        file: work,
        find: `const isDue = refunds.state === 'none'`,
        replace: 'const isDue = refunds.last === undefined',
      },
    ],
    within: 1_000,
  },
  {
    name: 'pending-refund-taken-as-done',
    says: 'a refund that is under way is noted as done, and may fail',
    breaks: ['P3'],
    changes: [
      {
        file: work,
        find: `case 'pending':\n      return { again: clock.now() + refundPollEvery }`,
        replace: `case 'pending':\n      return done({ type: 'NoteRefund', orderId, at: clock.now() })`,
      },
    ],
    within: 1_000,
  },
  {
    name: 'cancellation-dropped-while-charging',
    says: 'a cancellation that is heard while the card is being charged is forgotten',
    breaks: ['P3'],
    changes: [
      {
        file: decide,
        find: `return payment.cancelled ? accept() : accept({ type: 'CancellationHeard' })`,
        replace: 'return accept()',
      },
    ],
    within: 150,
  },
  {
    name: 'processing-taken-for-captured',
    says: 'a charge that the processor is still at work on is noted as captured',
    breaks: ['P3'],
    changes: [
      {
        file: work,
        find: `case 'succeeded':
      return done({ type: 'NoteCapture', orderId, at })`,
        replace: `case 'processing':
    case 'succeeded':
      return done({ type: 'NoteCapture', orderId, at })`,
      },
    ],
    within: 400,
  },
]
