import Fastify, { type FastifyReply } from 'fastify'
import { z } from 'zod'
import { type Faults, fault } from './faults.ts'
import type { Mails } from './mails.ts'
import { renderPage } from './page.ts'

const filter = {
  to: z.string().min(1).optional(),
  orderId: z.string().min(1).optional(),
  messageId: z.string().min(1).optional(),
}

const listing = z.strictObject({
  ...filter,
  cursor: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  /** `false` leaves out what parsing would tell: subject, date, header and text. */
  parsed: z.stringbool().default(true),
})

const paging = z.strictObject({ before: z.coerce.number().int().min(1).default(Number.MAX_SAFE_INTEGER) })

/** How many mails the page for people shows. */
const pageSize = 50

class BadRequest extends Error {
  readonly statusCode = 400
}

/** The HTTP side: what has arrived, as JSON and as a page. */
export function httpSide(mails: Mails, faults: Faults) {
  const app = Fastify({ bodyLimit: 16 * 1024, forceCloseConnections: 'idle', logger: { level: 'error' } })
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error(error)
    return problem(reply, status, status < 500 ? error.message : 'the mailbox failed')
  })
  app.setNotFoundHandler((request, reply) => problem(reply, 404, `no ${request.method} ${request.url} here`))
  app.get('/health/ready', async () => ({ status: 'ready' }))
  app.get('/messages', async (request) => {
    const { cursor, limit, parsed, ...wanted } = checked(listing, request.query)
    const found = parsed ? await mails.list(wanted, cursor, limit) : mails.envelopes(wanted, cursor, limit)
    return { messages: found, cursor: found.length === limit ? (found.at(-1)?.id ?? null) : null }
  })
  app.get('/messages/count', async (request) => ({
    count: mails.count(checked(z.strictObject(filter), request.query)),
  }))
  app.get('/messages/:id', async (request, reply) => {
    const { id } = request.params as { id: string }
    return (await mails.find(id)) ?? problem(reply, 404, `no message ${id}`)
  })
  app.get('/', async (request, reply) => {
    const { before } = checked(paging, request.query)
    const shown = await mails.latest(before, pageSize)
    const older = shown.length === pageSize ? shown.at(-1)?.id : undefined
    reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    return reply.type('text/html; charset=utf-8').send(renderPage(shown, mails.count({}), older))
  })
  app.get('/flotilla/faults', async () => faults.current())
  app.post('/flotilla/faults', async (request) => {
    faults.set(checked(fault, request.body))
    return faults.current()
  })
  return app
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new BadRequest(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}

function problem(reply: FastifyReply, status: number, detail: string) {
  return reply.code(status).type('application/problem+json').send({ type: 'about:blank', status, detail })
}
