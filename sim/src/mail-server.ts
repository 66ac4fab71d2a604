import { type Mailer, smtpMailer } from '@flotilla/notification/outbound/mail'
import type { MailRecord } from '@flotilla/verify/records'
import type { Transporter } from 'nodemailer'
import type { Life } from './life.ts'
import { patiently } from './patience.ts'
import type { World } from './world.ts'

/** A mail that the server took. */
export interface Mail {
  readonly orderId: string | null
  /** With its angle brackets. */
  readonly messageId: string
  readonly to: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface MailServer {
  /** Notification's port, as one of its processes has it. */
  connect(life: Life): Mailer
  /** Oldest first, second copies included. */
  readonly wire: readonly Mail[]
  /** The server's own book, for the checks. */
  mails(): MailRecord[]
  /** Forgets everything: a new run begins. */
  reset(): void
}

/** What the real mailer hands to nodemailer. */
interface Draft {
  readonly to: string
  readonly messageId: string
  readonly headers: Readonly<Record<string, string>>
}

/** `smtpTransport`'s time-out of a socket, in milliseconds. */
export const socketTimeout = 8_000

/** `onTaken`: told of each mail at the moment at which the server takes it. */
export function createMailServer(world: World, onTaken?: (mail: Mail) => void): MailServer {
  const { chaos, time } = world
  const wire: Mail[] = []
  const timedOut = () => failed('Timeout', { code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT', command: 'CONN' })
  const failure = (sent: boolean) => (sent ? lost(chaos.draw()) : refused())

  function take({ to, messageId, headers }: Draft) {
    if (to.startsWith('refused.')) throw rejected(to, '550 5.1.1 no such mailbox')
    if (chaos.strikes('refused', 'mail-server greylist')) {
      throw chaos.draw() < 0.5 ? rejected(to, '451 4.7.1 greylisted, try again later') : putOff()
    }
    const mail = { orderId: headers['X-Flotilla-Order-Id'] ?? null, messageId, to, at: time.now }
    wire.push(mail)
    onTaken?.(mail)
  }

  return {
    connect(life) {
      const sendMail = (draft: Draft) =>
        patiently(life, { lasts: socketTimeout, failure: timedOut }, (asked) => {
          // A client that has given up, or died, has closed its connection, and sends no mail over it any more.
          const run = () => (asked.isWaiting && life.alive ? take(draft) : undefined)
          const tell = () => `takes ${draft.messageId}`
          return { to: 'mail-server', what: 'send', run, failure, tell }
        })
      const transporter = { sendMail } as unknown as Transporter
      return smtpMailer(() => transporter, 'Flotilla <orders@flotilla.test>')
    },
    wire,
    mails: () => wire.map(({ orderId, messageId }) => ({ orderId, messageId })),
    reset() {
      wire.length = 0
    },
  }
}

/** The errors of nodemailer 10: a code of its own, the system's as `originalCode`, and the command that was under way. */
const failed = (message: string, details: object) => Object.assign(new Error(message), details)

const refused = () =>
  failed('connect ECONNREFUSED 127.0.0.1:25', {
    ...{ errno: -111, code: 'ESOCKET', originalCode: 'ECONNREFUSED', syscall: 'connect' },
    ...{ address: '127.0.0.1', port: 25, command: 'CONN' },
  })

/** The connection broke when the mail was on the server's side already. */
function lost(chance: number): Error {
  if (chance < 0.5) return failed('Connection closed unexpectedly', { code: 'ECONNECTION', command: 'CONN' })
  const details = { errno: -104, code: 'ESOCKET', originalCode: 'ECONNRESET', syscall: 'read', command: 'CONN' }
  return failed('read ECONNRESET', details)
}

const answered = (message: string, response: string, details: object) => {
  const responseCode = Number(response.slice(0, 3))
  return failed(`${message}: ${response}`, { ...details, response, responseCode, permanent: responseCode >= 500 })
}

/** At RCPT TO, by its only recipient. */
function rejected(recipient: string, response: string): Error {
  const ofRecipient = { code: 'EENVELOPE', command: 'RCPT TO' }
  const each = answered('Recipient command failed', response, { ...ofRecipient, recipient })
  const details = { ...ofRecipient, rejected: [recipient], rejectedErrors: [each] }
  return answered("Can't send mail - all recipients were rejected", response, details)
}

/** After the whole mail. */
const putOff = () => answered('Message failed', '451 4.3.0 try again later', { code: 'EMESSAGE', command: 'DATA' })
