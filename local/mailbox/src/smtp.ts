import { setTimeout as sleep } from 'node:timers/promises'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { Fault, Faults } from './faults.ts'
import type { Mails } from './mails.ts'

/** Bytes. Larger mails are refused with 552. */
const largestMail = 1024 * 1024

/** Ten minutes, so that pooled connections may idle. */
const socketTimeout = 600_000

class Reply extends Error {
  readonly responseCode: number

  constructor(responseCode: number, message: string) {
    super(message)
    this.responseCode = responseCode
  }
}

/** The SMTP side: no TLS, any user and password, and 250 only when the mail is on disk. */
export class SmtpSide {
  readonly #mails: Mails
  readonly #faults: Faults
  readonly #now: () => number
  readonly #server: SMTPServer
  readonly #met = new WeakMap<SMTPServerSession, Fault>()
  readonly #deliveries = new Set<Promise<unknown>>()
  readonly #closing = new AbortController()

  constructor(mails: Mails, faults: Faults, now: () => number) {
    this.#mails = mails
    this.#faults = faults
    this.#now = now
    this.#server = new SMTPServer({
      name: 'mailbox.flotilla',
      banner: 'keeps everything, delivers nothing',
      size: largestMail,
      authOptional: true,
      allowInsecureAuth: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      socketTimeout,
      closeTimeout: 1,
      onAuth: (auth, _session, callback) => callback(null, { user: auth.username ?? 'someone' }),
      onConnect: (session, callback) => this.#connect(session, callback),
      onMailFrom: (_address, session, callback) => this.#begin(session, callback),
      onRcptTo: ({ address }, session, callback) => callback(this.#refuse(address, session)),
      onData: (stream, session, callback) => {
        const delivery = this.#receive(stream, session).then(
          (id) => id !== undefined && callback(null, `kept as ${id}`),
          (error: Error) =>
            callback(error instanceof Reply ? error : new Reply(451, `4.3.0 not kept: ${error.message}`)),
        )
        this.#deliveries.add(delivery)
        void delivery.finally(() => this.#deliveries.delete(delivery))
      },
    })
    // A connection that breaks is the client's affair; it has no 250, so it knows.
    this.#server.on('error', () => {})
  }

  async listen(port: number, host: string): Promise<number> {
    const server = this.#server.server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      this.#server.listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
    return (server.address() as { port: number }).port
  }

  /** Finishes what is being received, then ends every connection. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#deliveries)
    await new Promise<void>((resolve) => this.#server.close(resolve))
  }

  #connect(session: SMTPServerSession, callback: (error?: Error) => void): void {
    if (this.#faults.current().mode === 'down') {
      this.#faults.take()
      this.#hangUp(session)
    } else callback()
  }

  #begin(session: SMTPServerSession, callback: (error?: Error) => void): void {
    const met = this.#faults.take()
    this.#met.set(session, met)
    if (met.mode === 'down') this.#hangUp(session)
    else callback()
  }

  #refuse(address: string, session: SMTPServerSession): Error | undefined {
    const mode = this.#met.get(session)?.mode
    if (mode === 'refuse' || /^refuse-/i.test(address))
      return new Reply(550, `5.1.1 <${address}>: there is no such mailbox`)
    if (mode === 'busy' || this.#faults.isBusy(address))
      return new Reply(451, `4.2.1 <${address}>: busy, try again later`)
    return undefined
  }

  /** The mail's id, or undefined when the connection was broken instead of answered. */
  async #receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string | undefined> {
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    if (stream.sizeExceeded) throw new Reply(552, `5.3.4 a mail has at most ${largestMail} bytes`)
    const { mailFrom, rcptTo } = session.envelope
    const id = await this.#mails.keep({
      from: mailFrom ? mailFrom.address : '',
      to: rcptTo.map(({ address }) => address),
      raw: Buffer.concat(chunks),
      receivedAt: this.#now(),
    })
    const met = this.#met.get(session)
    if (met?.mode === 'slow' && !(await this.#wait(met.seconds))) return undefined
    if (met?.mode !== 'break-after') return id
    this.#hangUp(session)
    return undefined
  }

  /** False when the server closed first. */
  async #wait(seconds: number): Promise<boolean> {
    try {
      await sleep(seconds * 1000, undefined, { signal: this.#closing.signal })
      return true
    } catch {
      return false
    }
  }

  #hangUp(session: SMTPServerSession): void {
    for (const connection of this.#server.connections) {
      if (connection.session === session) connection.close()
    }
  }
}
