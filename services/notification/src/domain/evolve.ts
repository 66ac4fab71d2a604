import type { Notification, NotificationEvent } from './notification.ts'

/** What an event does to a notification. The address is forgotten as soon as it is no longer needed. */
export function evolve(notification: Notification, event: NotificationEvent): Notification {
  if (event.type === 'Due') {
    const { type: _, ...due } = event
    return { ...due, status: 'due' }
  }
  if (notification.status === 'absent') return notification
  const { orderId, customer, currency, total, end, deadline, toldAt } = notification
  const told = { orderId, customer, currency, total, end, deadline, toldAt }
  switch (event.type) {
    case 'Sent':
      return { ...told, status: 'sent', messageId: event.messageId, sentAt: event.at }
    case 'Failed':
      return { ...told, status: 'failed', reason: event.reason, failedAt: event.at }
  }
}
