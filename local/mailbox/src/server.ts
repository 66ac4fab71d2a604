import type { AddressInfo } from 'node:net'
import type { z } from 'zod'
import { Faults, fault } from './faults.ts'
import { httpSide } from './http.ts'
import { type Filter, type Mail, openMails } from './mails.ts'
import { SmtpSide } from './smtp.ts'

export interface MailboxOptions {
  /** Of the HTTP side; 0, the default, takes a free one. */
  port?: number
  smtpPort?: number
  host?: string
  /** Folder for the mails; without it they live in memory and end with the process. */
  data?: string
  /** Milliseconds since the epoch. */
  now?: () => number
}

export interface Mailbox {
  /** Of the HTTP side. */
  url: string
  port: number
  smtpUrl: string
  smtpPort: number
  /** The first thousand that match, oldest first. */
  messages(filter?: Filter): Promise<Mail[]>
  count(filter?: Filter): number
  /** The same as `POST /flotilla/faults`. */
  setFault(next: z.input<typeof fault>): void
  close(): Promise<void>
}

/** Starts both sides. Rejects with EADDRINUSE, whose `port` says which, when one is taken. */
export async function startMailbox(options: MailboxOptions = {}): Promise<Mailbox> {
  const host = options.host ?? '127.0.0.1'
  const mails = openMails(options.data)
  const faults = new Faults()
  const http = httpSide(mails, faults)
  const smtp = new SmtpSide(mails, faults, options.now ?? Date.now)
  try {
    const smtpPort = await smtp.listen(options.smtpPort ?? 0, host)
    await http.listen({ port: options.port ?? 0, host }).catch(async (error: unknown) => {
      await smtp.close()
      throw error
    })
    const { port } = http.server.address() as AddressInfo
    const name = reachable(host)
    const end = async () => {
      await smtp.close()
      await http.close()
      mails.close()
    }
    let ended: Promise<void> | undefined
    return {
      url: `http://${name}:${port}`,
      port,
      smtpUrl: `smtp://${name}:${smtpPort}`,
      smtpPort,
      messages: (filter = {}) => mails.list(filter, 0, 1000),
      count: (filter = {}) => mails.count(filter),
      setFault: (next) => faults.set(fault.parse(next)),
      close: () => {
        ended ??= end()
        return ended
      },
    }
  } catch (error) {
    mails.close()
    throw error
  }
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
