import type { Clock } from '@flotilla/decider/clock'
import type { Letter } from '../domain/letter.ts'
import type { NotificationCommand } from '../domain/notification.ts'
import { type Mailer, wasNotTaken } from './mail.ts'

/** What is kept of a mail that is due: all that sending it needs. */
export interface DueMail {
  readonly orderId: string
  readonly to: string
  readonly letter: Letter
}

export interface MailWorkOptions {
  readonly mailer: Mailer
  readonly clock: Clock
  /** Called before a mail that may have gone out already is handed over again: its answer was lost, by a crash or an outage. */
  readonly onRepeat?: (orderId: string) => void
}

const rememberedAtMost = 10_000

/** Sends the mail of one order, and says what came of it. */
export function mailWorker({ mailer, clock, onRepeat }: MailWorkOptions) {
  // Mails that this process knows the server did not take: trying them again makes no second copy.
  const stopped = new Set<string>()
  const remember = (orderId: string) => {
    if (stopped.size < rememberedAtMost) stopped.add(orderId)
  }
  return async (
    { orderId, to, letter }: DueMail,
    attempts: number,
  ): Promise<{ readonly command: NotificationCommand }> => {
    if (attempts > 0 && !stopped.delete(orderId)) onRepeat?.(orderId)
    const delivery = await mailer(letter, to, orderId).catch((error: unknown) => {
      if (wasNotTaken(error)) remember(orderId)
      throw error
    })
    const at = clock.now()
    return 'sent' in delivery
      ? { command: { type: 'NoteSent', orderId, messageId: letter.messageId, at } }
      : { command: { type: 'NoteRefused', orderId, reason: delivery.refused, at } }
  }
}
