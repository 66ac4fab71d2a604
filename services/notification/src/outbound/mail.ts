import { Unavailable } from '@flotilla/decider/store'
import type { Transporter } from 'nodemailer'
import type { Letter } from '../domain/letter.ts'

export type Delivery = { readonly sent: true } | { readonly refused: string }

/** Sends one letter. A refusal for good (5xx) is a result; anything else that goes wrong throws and is tried again. */
export type Mailer = (letter: Letter, to: string, orderId: string) => Promise<Delivery>

/** The mail server has surely not taken this mail. It is tried again. */
export class NotTaken extends Error {
  override readonly name: string = 'NotTaken'
}

/** Whether an error, or what caused it, says that the server has not taken the mail; an open breaker says so too. */
export function wasNotTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof NotTaken || ('reason' in error && error.reason === 'refused')) return true
  return wasNotTaken(error.cause)
}

interface SmtpError extends Error {
  readonly code?: string
  readonly responseCode?: number
  readonly command?: string
  readonly syscall?: string
}

/** SMTP by nodemailer. `from` as in a From header. */
export function smtpMailer(transport: () => Transporter, from: string): Mailer {
  return async ({ messageId, subject, text }, to, orderId) => {
    try {
      const headers = { 'X-Flotilla-Order-Id': orderId }
      await transport().sendMail({ from, to, subject, text, messageId: `<${messageId}>`, headers })
      return { sent: true }
    } catch (error) {
      return undeliverable(error as SmtpError)
    }
  }
}

/** RFC 5321: 5yz is a permanent refusal, 4yz a passing one; both are about this mail when they answer its recipient or content. */
function undeliverable(error: SmtpError): Delivery {
  const { responseCode = 0, command } = error
  const aboutThisMail = command === 'RCPT TO' || command === 'DATA'
  // The server's words may repeat the address, so only its code is kept.
  if (aboutThisMail && responseCode >= 500) return { refused: `the mail server refused with ${responseCode}` }
  if (aboutThisMail && responseCode >= 400) throw new NotTaken(`the mail server put the mail off with ${responseCode}`)
  const away = new Unavailable(`the mail server: ${error.code ?? 'no code'} ${responseCode}`, { cause: error })
  // Nothing was sent where there was no connection; an outage all the same.
  throw error.syscall === 'connect' ? new NotTaken(away.message, { cause: away }) : away
}
