import { createTransport, type Transporter } from 'nodemailer'

export interface SmtpOptions {
  /** `smtp://host:port` or `smtps://host:port`, without credentials. */
  readonly url: string
  /** `user:password` as it is now; another one makes new connections. */
  readonly credentials?: () => string
}

/** For one connection, greeting or command, in milliseconds. */
const timeout = 8_000

/** Pooled connections to the mail server, each used for many mails. */
export function smtpTransport({ url, credentials }: SmtpOptions): { current(): Transporter; close(): void } {
  let used: string | undefined
  let transport: Transporter | undefined
  const open = (secret: string | undefined) => {
    const { hostname, port, protocol } = new URL(url)
    const [user = '', ...pass] = secret?.split(':') ?? []
    return createTransport({
      host: hostname,
      port: port === '' ? (protocol === 'smtps:' ? 465 : 587) : Number(port),
      secure: protocol === 'smtps:',
      pool: true,
      // What is sent again, and when, is the business of due work.
      maxRequeues: 0,
      maxConnections: 8,
      maxMessages: Number.POSITIVE_INFINITY,
      connectionTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: timeout,
      ...(secret !== undefined && { auth: { user, pass: pass.join(':') } }),
    })
  }
  return {
    current() {
      const secret = credentials?.()
      if (!transport || secret !== used) {
        transport?.close()
        used = secret
        transport = open(secret)
      }
      return transport
    },
    close: () => transport?.close(),
  }
}
