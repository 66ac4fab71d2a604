// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the text of other files.

import type { Mutation } from './mutation.ts'

const work = 'services/notification/src/outbound/mail-work.ts'
const mail = 'services/notification/src/outbound/mail.ts'

/** Bugs in notification. */
export const notificationMutations: readonly Mutation[] = [
  {
    name: 'new-message-id-each-time',
    says: 'a mail that is sent again has another Message-ID',
    breaks: ['P4'],
    changes: [
      {
        file: work,
        find: 'await mailer(letter, to, orderId)',
        replace: 'await mailer({ ...letter, messageId: `${letter.messageId}.${attempts}` }, to, orderId)',
      },
    ],
    within: 200,
  },
  {
    name: 'mail-not-awaited',
    says: 'a mail is noted as sent before the mail server has taken it',
    breaks: ['P4'],
    changes: [
      {
        file: work,
        find: `const delivery = await mailer(letter, to, orderId).catch((error: unknown) => {
      if (wasNotTaken(error)) remember(orderId)
      throw error
    })`,
        replace: `mailer(letter, to, orderId).catch((error: unknown) => {
      if (wasNotTaken(error)) remember(orderId)
    })
    const delivery = { sent: true } as const`,
      },
    ],
    within: 100,
  },
  {
    name: 'passing-refusal-taken-for-good',
    says: 'a mail that the server puts off (4xx) is given up',
    breaks: ['P4'],
    changes: [
      { file: mail, find: 'aboutThisMail && responseCode >= 500', replace: 'aboutThisMail && responseCode >= 400' },
    ],
    within: 400,
  },
  {
    name: 'refusal-tried-for-ever',
    says: 'a mail that the server refuses for good (5xx) is sent again and again',
    breaks: ['P1'],
    changes: [
      {
        file: mail,
        find: 'if (aboutThisMail && responseCode >= 500) return { refused: `the mail server refused with ${responseCode}` }',
        replace: '',
      },
    ],
    within: 200,
  },
  {
    name: 'mail-sent-before-its-commit',
    says: 'what a commit leaves to do is begun before the commit',
    breaks: ['P4', 'P5'],
    changes: [
      {
        file: 'libs/decider/src/handler.ts',
        find: 'decided = decideBatch(domain, requests, loaded, { now: clock.now(), lease, workLease })',
        replace: `decided = decideBatch(domain, requests, loaded, { now: clock.now(), lease, workLease })
          const begun = decided.flatMap(({ change }) => change ?? [])
          options.onSaved?.({
            outbox: begun.flatMap(({ outbox }) => outbox),
            work: begun.flatMap(({ schedule, at }) => schedule.filter(({ dueAt }) => dueAt <= at)),
          })`,
      },
    ],
    within: 100,
  },
]
