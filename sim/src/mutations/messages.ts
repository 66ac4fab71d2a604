import type { Mutation } from './mutation.ts'

/** Bugs between a commit and the commit of who hears of it. */
export const messageMutations: readonly Mutation[] = [
  {
    name: 'settled-before-handled',
    says: 'a message is completed when it arrives, and handled after that',
    breaks: ['P2', 'P4', 'P5'],
    changes: [
      {
        file: 'libs/broker/src/consumer.ts',
        find: `const verdict = await this.#handling.handle(hand)
    const settled = this.#settle(hand, verdict)`,
        replace: `const settled = this.#settle(hand, { kind: 'complete' })
    await this.#handling.handle(hand)`,
      },
    ],
    within: 150,
  },
  {
    name: 'outage-blamed-on-the-message',
    says: 'while a database is away, each try counts against the message',
    breaks: ['P2', 'P4', 'P5'],
    changes: [
      {
        file: 'libs/broker/src/fault.ts',
        find: `new Set(['Unavailable', 'DependencyUnavailable', 'BrokerUnavailable'])`,
        replace: `new Set(['DependencyUnavailable', 'BrokerUnavailable'])`,
      },
    ],
    within: 400,
  },
  {
    name: 'never-held-in-an-outage',
    says: 'in an outage a message is given back each time, until its deliveries have run out',
    breaks: ['P2', 'P4', 'P5'],
    changes: [
      {
        file: 'libs/broker/src/handling.ts',
        find: 'if (tried || hand.received.delivery.deliveryCount >= limits.keepFrom) return keep(hand)',
        replace: '',
      },
    ],
    within: 300,
  },
  {
    name: 'inbox-by-message-id',
    says: 'the inbox knows messages by their messageId, which a replay changes',
    breaks: ['P5'],
    changes: [
      {
        file: 'libs/host/src/engine.ts',
        find: '{ hear, clock }: EngineOptions<Command>, { body }: Delivery)',
        replace: '{ hear, clock }: EngineOptions<Command>, { body, messageId }: Delivery)',
      },
      {
        file: 'libs/host/src/engine.ts',
        find: `cause: { kind: 'message', id: envelope.id }`,
        replace: `cause: { kind: 'message', id: messageId }`,
      },
    ],
    within: 400,
  },
  {
    name: 'published-before-sent',
    says: 'publishing answers when the send has begun, so that a failed send is taken for done',
    breaks: ['P2', 'P4', 'P5'],
    changes: [
      {
        file: 'libs/broker/src/publisher.ts',
        find: '      await published\n',
        replace: '      published.catch(() => undefined)\n',
      },
    ],
    within: 150,
  },
  {
    name: 'forgotten-before-sent',
    says: 'an outbox row is deleted when it is taken into memory',
    breaks: ['P2', 'P4', 'P5'],
    changes: [
      {
        file: 'libs/outbox/src/relay.ts',
        find: '    this.#held.set(row.id, held)\n',
        replace: '    this.#held.set(row.id, held)\n    this.#forgetter.add([row.id])\n',
      },
    ],
    within: 400,
  },
  {
    name: 'messages-not-swept',
    says: 'nobody sends what a dead process left in its outbox',
    breaks: ['P1'],
    changes: [
      {
        file: 'libs/outbox/src/sweeper.ts',
        find: '[() => this.#drawMessages(), () => this.#drawWork()',
        replace: '[() => this.#drawWork()',
      },
    ],
    within: 50,
  },
  {
    name: 'outbox-without-a-lease',
    says: 'a message may be claimed by everybody while its writer sends it',
    breaks: ['P5'],
    changes: [
      { file: 'libs/decider/src/batch.ts', find: 'leaseUntil: now + lease,', replace: 'leaseUntil: now,' },
      {
        file: 'libs/outbox/src/lane.ts',
        find: `if (held.row.leaseUntil < answeredBy) late.push(held)
      else batch.push(held)`,
        replace: 'batch.push(held)',
      },
    ],
    within: 1_000,
  },
]
