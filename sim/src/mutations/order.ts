// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the text of other files.

import type { Mutation } from './mutation.ts'

const decide = 'services/order/src/domain/decide.ts'
const http = 'services/order/src/inbound/http.ts'
const publications = 'services/order/src/outbound/publications.ts'
const ended = `if (order.status === 'confirmed' || order.status === 'cancelled') return []`

/** Bugs in ordering. */
export const orderMutations: readonly Mutation[] = [
  {
    name: 'repeat-places-another-order',
    says: 'the Idempotency-Key of a placement is ignored',
    breaks: ['P5'],
    changes: [
      {
        file: http,
        find: "requestCause(caller, `POST ${base}`, headers['idempotency-key'], body)",
        replace: 'requestCause(caller, `POST ${base}`, newId(), body)',
      },
    ],
    within: 50,
  },
  {
    name: 'accepted-before-stored',
    says: 'a placement is answered with 202, and stored in the background',
    breaks: ['P6'],
    changes: [
      {
        file: http,
        find: `import { late, problemOf } from './problems.ts'`,
        replace: `import { price } from '../domain/place.ts'
import { late, problemOf } from './problems.ts'`,
      },
      {
        file: http,
        find: `const outcome = await handle({
        cause,
        command: {
          type: 'Place',`,
        replace: `const outcome = answer(handle, {
        cause,
        command: {
          type: 'Place',`,
      },
      {
        file: http,
        find: 'function cancel(',
        replace: `function answer(handle, request) {
  handle(request).catch(() => undefined)
  const priced = price(request.command)
  if ('refusal' in priced) return { status: 'refused', refusal: priced.refusal }
  return { status: 'accepted', state: { ...priced.placed, status: 'placed' } }
}

function cancel(`,
      },
    ],
    within: 20,
  },
  {
    name: 'cancellation-answered-before-stored',
    says: 'a cancellation is answered with 200, and stored in the background',
    breaks: ['P1'],
    changes: [
      {
        file: http,
        find: `const outcome = await handle({ cause, command: { type: 'Cancel', orderId: id, at: now() } })
      if (outcome.status === 'refused') throw problemOf(outcome.refusal)
      if (outcome.status === 'repeated') refuseOtherBody(cause, outcome)`,
        replace: `handle({ cause, command: { type: 'Cancel', orderId: id, at: now() } }).catch(() => undefined)`,
      },
    ],
    within: 100,
  },
  {
    name: 'deadline-not-scheduled',
    says: 'an order that nobody answers stays open',
    breaks: ['P1'],
    changes: [
      {
        file: publications,
        find: `schedule: [{ id: deadlineWork(orderId), kind: 'deadline', payload: { orderId }, dueAt: order.deadline }],`,
        replace: '',
      },
    ],
    within: 100,
  },
  {
    name: 'deadline-cancelled-too-early',
    says: 'the deadline is dropped when stock is held, before the payment is there',
    breaks: ['P1'],
    changes: [
      {
        file: publications,
        find: '{ publish: [paymentDue(order)] } : {}',
        replace: '{ publish: [paymentDue(order)], cancel: [deadlineWork(orderId)] } : {}',
      },
    ],
    within: 150,
  },
  {
    name: 'deadline-leased-like-a-card-call',
    says: 'a deadline whose claimant dies is not looked at for half a minute',
    breaks: ['P1'],
    changes: [{ file: 'services/order/src/app.ts', find: '    work: deadlineTimes,\n', replace: '' }],
    within: 3_000,
  },
  {
    name: 'confirmed-after-its-deadline',
    says: 'an order is confirmed by a payment that is heard of past the deadline',
    breaks: ['P1'],
    changes: [
      {
        file: decide,
        find: `if (at >= order.deadline) return accept(heard, ...cancelled(order, 'expired', at))`,
        replace: '',
      },
    ],
    within: 6_000,
  },
  {
    name: 'ended-order-reopened',
    says: 'stock that is reserved late brings a cancelled order back to life',
    breaks: ['P5'],
    changes: [
      {
        file: 'services/order/src/domain/evolve.ts',
        find: `return order.status === 'placed' ? { ...order, status: 'reserved' } : order`,
        replace: `return { ...order, status: 'reserved' }`,
      },
    ],
    within: 100,
  },
  {
    name: 'cancelled-twice',
    says: 'a cancelled order is cancelled again by what it hears later',
    breaks: ['P1'],
    changes: [{ file: decide, find: ended, replace: `if (order.status === 'confirmed') return []` }],
    within: 150,
  },
  {
    name: 'confirmed-order-cancelled',
    says: 'a customer may cancel an order that is confirmed',
    breaks: ['P1'],
    changes: [
      {
        file: decide,
        find: `if (order.status === 'confirmed') return refuse({ code: 'already-confirmed' })`,
        replace: '',
      },
      { file: decide, find: ended, replace: `if (order.status === 'cancelled') return []` },
    ],
    within: 100,
  },
  {
    name: 'expired-order-not-refunded',
    says: 'payment is told of a cancellation only when the customer asked for it',
    breaks: ['P3', 'P5'],
    changes: [
      {
        file: decide,
        find: `paymentDue: order.status === 'reserved', at`,
        replace: `paymentDue: order.status === 'reserved' && reason === 'customer-request', at`,
      },
    ],
    within: 100,
  },
  {
    name: 'older-prices-taken',
    says: 'the price list takes what comes last, be it older',
    breaks: ['P5'],
    changes: [
      {
        file: 'services/order/src/domain/price.ts',
        find: 'listed.version > known.version ?',
        replace: 'listed.version !== known.version ?',
      },
    ],
    within: 1_000,
  },
]
