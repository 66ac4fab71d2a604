import type { Mutation } from './mutation.ts'

const dueWork = 'libs/store-sqlite/src/due-work.ts'
const sweeper = 'libs/outbox/src/sweeper.ts'

/** Bugs in due work, leases and sweeping. */
export const workMutations: readonly Mutation[] = [
  {
    name: 'work-not-swept',
    says: 'nobody does what a dead process left to do, nor what comes due later',
    breaks: ['P1'],
    changes: [{ file: sweeper, find: '() => this.#drawWork(), ', replace: '' }],
    within: 20,
  },
  {
    name: 'sweeping-ends-with-an-outage',
    says: 'a sweeper that could not reach its database once never tries again',
    breaks: ['P1'],
    changes: [
      {
        file: sweeper,
        find: 'if (failed) this.#failing(failed.reason)',
        replace: `if (failed) this.#state = 'stopped'`,
      },
    ],
    within: 100,
  },
  {
    name: 'sweeping-slow-to-resume',
    says: 'a sweeper that could not reach its database waits for up to half a minute',
    breaks: ['P1'],
    changes: [
      {
        file: sweeper,
        find: 'const outage = { base: 1_000, cap: 4_000 }',
        replace: 'const outage = { base: 30_000, cap: 30_000 }',
      },
    ],
    within: 1_500,
  },
  {
    name: 'lease-for-days',
    says: 'what a dead process leaves is its own for thirty days',
    breaks: ['P1'],
    changes: [
      { file: 'libs/host/src/engine.ts', find: 'const lease = 30_000', replace: 'const lease = 30 * 86_400_000' },
    ],
    within: 30,
  },
  {
    name: 'work-claimed-without-a-lease',
    says: 'claimed work stays visible, so that every replica does it at once',
    breaks: ['P5'],
    changes: [
      {
        file: dueWork,
        find: 'SET visible_at = :leaseUntil, attempts = attempts + 1',
        replace: 'SET attempts = attempts + 1 + (0 * :leaseUntil)',
      },
      {
        file: dueWork,
        find: 'one.due_at - other.due_at).map(restore)',
        replace: 'one.due_at - other.due_at).map((stored) => ({ ...restore(stored), visibleAt: leaseUntil }))',
      },
    ],
    within: 1_000,
  },
  {
    name: 'work-deleted-when-claimed',
    says: 'work is taken out of the database before it is done',
    breaks: ['P1', 'P3'],
    changes: [
      {
        file: dueWork,
        find: `UPDATE due_work SET visible_at = :leaseUntil, attempts = attempts + 1
     WHERE id IN`,
        replace: `DELETE FROM due_work
     WHERE :leaseUntil > 0 AND id IN`,
      },
    ],
    within: 30,
  },
  {
    name: 'claims-not-counted',
    says: 'work that comes back after a crash looks like new work',
    breaks: ['P1'],
    changes: [{ file: dueWork, find: ':leaseUntil, attempts = attempts + 1', replace: ':leaseUntil' }],
    within: 750,
  },
  {
    name: 'result-thrown-away',
    says: 'work is done again because its result could not be stored at once',
    breaks: ['P4'],
    changes: [
      {
        file: 'libs/outbox/src/kind.ts',
        find: 'if (!isOutage(error)) return this.#failed(hand.work, error)',
        replace: 'return this.#failed(hand.work, error)',
      },
    ],
    within: 5_000,
  },
]
