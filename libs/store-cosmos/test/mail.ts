import type { Domain, Request } from '@flotilla/decider/batch'
import type { Clock } from '@flotilla/decider/clock'
import { type Key, single } from '@flotilla/decider/decider'
import { createHandler } from '@flotilla/decider/handler'
import type { DueWork, OutboxRow } from '@flotilla/decider/store'
import type { Documents } from '../src/documents.ts'
import type { Mapping } from '../src/mapping.ts'
import { createDocumentStore, type DocumentStoreOptions } from '../src/store.ts'

/** A mail that is owed and then sent: the life of most documents. */
export type Mail =
  | { readonly status: 'absent' }
  | { readonly status: 'owed'; readonly address: string }
  | { readonly status: 'sent'; readonly at: number }

export interface MailCommand {
  readonly type: 'Owe' | 'NoteSent'
  readonly orderId: string
}

interface MailEvent {
  readonly type: 'Owed' | 'Sent'
  readonly orderId: string
}

export const mailKey = (orderId: string): Key => `mail:${orderId}`

const mailing: Domain<Mail, MailCommand, MailEvent, string, Mail> = {
  decider: {
    decide(mail, { type, orderId }) {
      if (type === 'Owe') return { accepted: true, events: mail.status === 'absent' ? [{ type: 'Owed', orderId }] : [] }
      if (mail.status !== 'owed') return { accepted: false, refusal: `the mail is ${mail.status}` }
      return { accepted: true, events: [{ type: 'Sent', orderId }] }
    },
    evolve: (_mail, { type }) =>
      type === 'Owed' ? { status: 'owed', address: 'ada@example.com' } : { status: 'sent', at: 7 },
  },
  scope: single<Mail, MailCommand>(({ orderId }) => mailKey(orderId), { status: 'absent' }),
  announce: ({ type, orderId }) =>
    type === 'Owed' ? { schedule: [{ id: `mail:${orderId}`, kind: 'mail', payload: null }] } : { publish: [sent] },
}

const sent = {
  type: 'stock.price-changed.v1',
  data: { sku: 'TEA-1', version: 1, name: 'Tea', price: 1250, currency: 'EUR' },
} as const

export const monthOfSeconds = 30 * 86_400

export const mailMapping: Mapping<Mail> = {
  schemaVersion: 1,
  timeToLive: ({ status }) => (status === 'sent' ? monthOfSeconds : undefined),
}

/** One process that keeps mails, with what its commits left to do. */
export function mailProcess(documents: Documents, clock: Clock, options: Partial<DocumentStoreOptions<Mail>> = {}) {
  const store = createDocumentStore<Mail>({ documents, clock, mapping: mailMapping, assumeNew: true, ...options })
  const outbox: OutboxRow[] = []
  const work: DueWork[] = []
  const handle = createHandler(mailing, store, {
    clock,
    onSaved: (saved) => {
      outbox.push(...saved.outbox)
      work.push(...saved.work)
    },
  })
  return { store, handle, outbox, work }
}

export const owe = (orderId: string, message = `order:${orderId}.3.0`): Request<MailCommand> => ({
  command: { type: 'Owe', orderId },
  cause: { kind: 'message', id: message },
})

export const noteSent = (orderId: string): Request<MailCommand> => ({
  command: { type: 'NoteSent', orderId },
  cause: { kind: 'work', id: `mail:${orderId}` },
})
