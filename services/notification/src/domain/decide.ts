import type { Notification, NotificationCommand, NotificationEvent, NotificationRefusal } from './notification.ts'

type Decision =
  | { readonly accepted: true; readonly events: readonly NotificationEvent[] }
  | { readonly accepted: false; readonly refusal: NotificationRefusal }

const accept = (...events: NotificationEvent[]): Decision => ({ accepted: true, events })
const contradicts = (detail: string): Decision => ({ accepted: false, refusal: { code: 'contradiction', detail } })

/** An order has one end, and its customer is told it once. */
export function decide(notification: Notification, command: NotificationCommand): Decision {
  if (command.type === 'Tell') {
    const { type: _, ...told } = command
    if (notification.status === 'absent') return accept({ type: 'Due', ...told })
    if (notification.end.kind === told.end.kind) return accept()
    return contradicts(`${told.end.kind} was heard, but the customer is told of ${notification.end.kind}`)
  }
  if (notification.status !== 'due')
    return contradicts(`a mail was sent, but the notification is ${notification.status}`)
  return command.type === 'NoteSent'
    ? accept({ type: 'Sent', messageId: command.messageId, at: command.at })
    : accept({ type: 'Failed', reason: command.reason, at: command.at })
}
