import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { z } from 'zod'
import { Faults, fault } from './faults.ts'
import { openLedger } from './ledger.ts'
import { renderError } from './objects.ts'
import { addRecords } from './records.ts'
import { invalid, unrecognizedUrl } from './refusals.ts'
import { addStripeApi } from './stripe-api.ts'

export interface CardProcessorOptions {
  /** 0, the default, takes a free one. */
  port?: number
  host?: string
  /** Folder for the ledger; without it, it lives in memory and ends with the process. */
  data?: string
  /** The one secret key accepted; without it, any `sk_test_...`. */
  key?: string
  /** Milliseconds `pm_card_slow` takes. Default 3,000. */
  slow?: number
  /** Milliseconds a pending refund takes to end. Default 2,000. */
  refundDelay?: number
  /** Milliseconds since the epoch. */
  now?: () => number
}

export interface CardProcessor {
  url: string
  host: string
  port: number
  /** The same as `POST /flotilla/faults`. */
  setFault(next: z.input<typeof fault>): void
  close(): Promise<void>
}

/** Starts the card processor. Rejects with EADDRINUSE when the port is taken. */
export async function startCardProcessor(options: CardProcessorOptions = {}): Promise<CardProcessor> {
  const now = options.now ?? Date.now
  const host = options.host ?? '127.0.0.1'
  const ledger = openLedger(options.data)
  const faults = new Faults()
  const app = Fastify({
    bodyLimit: 64 * 1024,
    forceCloseConnections: 'idle',
    logger: { level: 'error' },
  })
  app.removeAllContentTypeParsers()
  // Stripe's client names a form on every request; the local routes take JSON. Both are read where they are used.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.setNotFoundHandler((request, reply) => {
    const refusal = unrecognizedUrl(request.method, request.url)
    return reply.code(404).send(renderError(refusal.body, undefined, now()))
  })
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error(error)
    const { body } = invalid(status < 500 ? error.message : 'The card processor failed.')
    return reply.code(status).send({ error: status < 500 ? body : { ...body, type: 'api_error' } })
  })
  app.get('/health/ready', async () => ({ status: 'ready' }))
  const timing = { slow: options.slow ?? 3000, refund: options.refundDelay ?? 2000 }
  addStripeApi(app, { ledger, faults, timing, key: options.key, now })
  addRecords(app, ledger, faults, now)

  const end = async () => {
    await app.close()
    ledger.turn.flush()
    ledger.close()
  }
  let ended: Promise<void> | undefined
  const close = () => {
    ended ??= end()
    return ended
  }
  await app.listen({ port: options.port ?? 0, host }).catch(async (error: unknown) => {
    await close()
    throw error
  })
  const { port } = app.server.address() as AddressInfo
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}`
  return { url, host: name, port, setFault: (next) => faults.set(fault.parse(next)), close }
}
