import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type Faults, fault } from './faults.ts'
import type { Ledger } from './ledger.ts'
import { summary } from './summary.ts'

const page = z.strictObject({
  cursor: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

const metadataKey = /^metadata\[([^[\]]{1,40})\]$/

class BadRequest extends Error {
  readonly statusCode = 400
}

/** Routes of our own, for tests and for `verify`. They ask for no key. */
export function addRecords(app: FastifyInstance, ledger: Ledger, faults: Faults, now: () => number): void {
  app.get('/flotilla/intents', async (request) => {
    const { metadata, rest } = divide(request.query as Record<string, unknown>)
    const { cursor, limit } = checked(page, rest)
    const { data, next } = await ledger.turn.submit(() => {
      const found = ledger.intents(metadata, cursor, limit)
      return { ...found, data: found.data.map((it) => summary(it, ledger.refundsOf(it.id), now())) }
    })
    return { data, next_cursor: next === null ? null : String(next) }
  })
  app.get('/flotilla/calls', async (request) => {
    const { cursor, limit } = checked(page, request.query)
    const { data, next } = ledger.calls(cursor, limit)
    return { data, next_cursor: next === null ? null : String(next) }
  })
  app.post('/flotilla/faults', async (request) => {
    faults.set(checked(fault, parseJson(request.body)))
    return faults.current()
  })
  app.get('/flotilla/faults', async () => faults.current())
}

function divide(query: Record<string, unknown>) {
  const metadata: Record<string, string> = {}
  const rest: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(query)) {
    const [, key] = metadataKey.exec(name) ?? []
    if (key === undefined) rest[name] = value
    else metadata[key] = String(value)
  }
  return { metadata, rest }
}

function parseJson(body: unknown): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    throw new BadRequest('send a JSON body, such as {"mode":"down","count":3}')
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new BadRequest(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '))
}
