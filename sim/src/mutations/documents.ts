import type { Mutation } from './mutation.ts'

/** Bugs in the store of documents. */
export const documentMutations: readonly Mutation[] = [
  {
    name: 'answered-when-decided',
    says: 'a command is answered when it is decided, not when its effect is written',
    breaks: ['P4'],
    changes: [
      {
        file: 'libs/decider/src/handler.ts',
        find: 'decided = decideBatch(domain, requests, loaded, { now: clock.now(), lease, workLease })',
        replace: `decided = decideBatch(domain, requests, loaded, { now: clock.now(), lease, workLease })
          for (const [index, { outcome }] of decided.entries()) batch[index]?.resolve(outcome)`,
      },
    ],
    within: 300,
  },
  {
    name: 'etag-not-sent',
    says: 'documents are replaced whatever their etag: the last writer wins',
    breaks: ['P4', 'P5'],
    changes: [
      {
        file: 'libs/store-cosmos/src/shelf.ts',
        find: `{ type: 'replace', ...place, body, etag }`,
        replace: `{ type: 'replace', ...place, body }`,
      },
      {
        // As Cosmos DB does without If-Match.
        file: 'libs/store-cosmos/src/twin.ts',
        find: 'return operation.etag === etag ? put',
        replace: 'return operation.etag === undefined || operation.etag === etag ? put',
      },
    ],
    within: 2_000,
  },
  {
    name: 'settled-work-stays',
    says: 'work stays in its document when its result is stored',
    breaks: ['P1'],
    changes: [
      {
        file: 'libs/store-cosmos/src/aggregate.ts',
        find: `if (cause.kind === 'work') gone.add(cause.id)`,
        replace: '',
      },
    ],
    within: 20,
  },
  {
    name: 'document-work-not-hidden',
    says: 'claimed work of a document stays visible, so that every replica does it at once',
    breaks: ['P4', 'P5'],
    changes: [
      {
        file: 'libs/store-cosmos/src/aggregate.ts',
        find: `attempts: due.attempts + 1 }
    claimed.push(leased)
    return leased`,
        replace: `attempts: due.attempts + 1 }
    claimed.push(leased)
    return { ...due, attempts: due.attempts + 1 }`,
      },
    ],
    within: 1_500,
  },
]
