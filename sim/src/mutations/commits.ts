// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the text of other files.

import type { Mutation } from './mutation.ts'

const plan = 'libs/decider/src/plan.ts'
const causes = 'libs/store-sqlite/src/causes.ts'
const batch = 'libs/decider/src/batch.ts'

/** Bugs in what is decided and written in one commit. */
export const commitMutations: readonly Mutation[] = [
  {
    name: 'outbox-not-in-the-commit',
    says: 'messages are sent from memory only',
    breaks: ['P2', 'P4', 'P5'],
    changes: [{ file: plan, find: 'for (const row of outbox) plan.outbox.push({ row, at })', replace: '' }],
    within: 150,
  },
  {
    name: 'inbox-mark-not-written',
    says: 'the effect of a message is stored without its cause',
    breaks: ['P5'],
    changes: [
      {
        file: plan,
        find: 'else plan.causes.push({ cause, home, at })',
        replace: `else if (cause.kind === 'request') plan.causes.push({ cause, home, at })`,
      },
    ],
    within: 100,
  },
  {
    name: 'inbox-not-asked',
    says: 'a message is applied although its mark is in the inbox',
    breaks: ['P5'],
    changes: [
      {
        file: causes,
        find: `if (kind === 'work') return work.get(id) ? undefined : { home: '' }`,
        replace: `if (kind === 'work') return work.get(id) ? undefined : { home: '' }
    if (kind === 'message') return undefined`,
      },
      { file: causes, find: 'INSERT INTO inbox', replace: 'INSERT OR IGNORE INTO inbox' },
    ],
    within: 100,
  },
  {
    name: 'inbox-kept-for-hours',
    says: 'marks are pruned after 22 hours instead of 22 days',
    breaks: ['P5'],
    changes: [{ file: causes, find: 'const inboxKept = 22 * day', replace: 'const inboxKept = 22 * 3_600_000' }],
    within: 400,
  },
  {
    name: 'version-stands-still',
    says: 'news that changes nothing is numbered like the news before it',
    breaks: ['P5'],
    changes: [
      {
        file: batch,
        find: 'if (state !== old || key === home) rows.push',
        replace: 'if (state !== old) rows.push',
      },
    ],
    within: 20,
  },
  {
    name: 'event-ids-reused',
    says: 'events of different versions have the same id',
    breaks: ['HTTP', 'P2', 'P4'],
    changes: [
      {
        file: batch,
        find: 'seal(`${home}.${version}.${index}`',
        replace: 'seal(`${home}.${index}`',
      },
    ],
    within: 20,
  },
  {
    name: 'lost-update-in-a-batch',
    says: 'orders of one commit are all decided on the stock before it, and the last one is written',
    breaks: ['P2'],
    changes: [
      {
        file: batch,
        find: 'for (const { key, state, version } of rows) working.set(key, { state, version })',
        replace: 'for (const { key, state, version } of rows) if (key === home) working.set(key, { state, version })',
      },
      {
        file: plan,
        find: 'if (doubtful.has(key) || (plan.rows.get(key)?.version ?? held.version(key) ?? expected) !== expected) return true',
        replace: 'if (doubtful.has(key)) return true',
      },
    ],
    within: 1_500,
  },
]
