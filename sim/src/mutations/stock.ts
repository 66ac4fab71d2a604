// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the text of other files.

import type { Mutation } from './mutation.ts'

const decide = 'services/inventory/src/domain/decide.ts'

/** Bugs in inventory. */
export const stockMutations: readonly Mutation[] = [
  {
    name: 'stock-not-given-back',
    says: 'a cancelled order keeps what it held',
    breaks: ['P2'],
    changes: [
      {
        file: decide,
        find: `return reservation.status === 'held' ? accept({ type: 'Released' }) : accept()`,
        replace: 'return accept()',
      },
    ],
    within: 20,
  },
  {
    name: 'no-tombstone-in-inventory',
    says: 'a cancellation that overtakes its placement is forgotten',
    breaks: ['P2'],
    changes: [
      {
        file: decide,
        find: `if (!reservation) return accept({ type: 'Shut', orderId, status: 'shut', lines: [], at, deadline })`,
        replace: 'if (!reservation) return accept()',
      },
    ],
    within: 400,
  },
  {
    name: 'stock-taken-past-the-deadline',
    says: 'stock is held for an order whose deadline is over',
    breaks: ['P2'],
    changes: [{ file: decide, find: `  if (at >= deadline) return rejected('expired')\n`, replace: '' }],
    within: 400,
  },
  {
    name: 'oversold',
    says: 'an order is taken as long as one piece is left',
    breaks: ['P5'],
    changes: [
      {
        file: decide,
        find: `if ((items.get(sku)?.available ?? 0) < quantity)`,
        replace: `if ((items.get(sku)?.available ?? 0) < Math.min(quantity, 1))`,
      },
    ],
    within: 750,
  },
  {
    name: 'receipt-counted-twice',
    says: 'the Idempotency-Key of a receipt of stock is ignored',
    breaks: ['P5'],
    changes: [
      {
        file: 'services/inventory/src/inbound/http.ts',
        find: "requestCause(caller, `POST ${base}/receipts`, headers['idempotency-key'], {",
        replace: 'requestCause(caller, `POST ${base}/receipts`, newId(), {',
      },
    ],
    within: 200,
  },
]
