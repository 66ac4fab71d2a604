import type { Effects } from '@flotilla/decider/batch'
import { write } from '../domain/letter.ts'
import type { KnownNotification, Notification, NotificationEvent } from '../domain/notification.ts'
import type { DueMail } from './mail-work.ts'

/** What notification tells the world, and the mail it owes. `mailDomain` is the right-hand side of Message-IDs. */
export function announce(event: NotificationEvent, notification: Notification, mailDomain: string): Effects {
  if (notification.status === 'absent') return {}
  const { orderId, end } = notification
  switch (event.type) {
    case 'Due':
      return { schedule: [{ id: `mail:${orderId}`, kind: 'mail', payload: dueMail(notification, event, mailDomain) }] }
    case 'Sent': {
      const data = { orderId, kind: end.kind, messageId: event.messageId, sentAt: iso(event.at) }
      return { publish: [{ type: 'notification.sent.v1', data }] }
    }
    case 'Failed': {
      const data = { orderId, kind: end.kind, reason: event.reason, failedAt: iso(event.at) }
      return { publish: [{ type: 'notification.failed.v1', data }] }
    }
  }
}

function dueMail(notification: KnownNotification, { email }: { readonly email: string }, mailDomain: string): DueMail {
  return { orderId: notification.orderId, to: email, letter: write(notification, mailDomain) }
}

const iso = (at: number): string => new Date(at).toISOString()
