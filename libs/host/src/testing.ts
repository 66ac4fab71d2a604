import type { DatabaseSync } from 'node:sqlite'
import { createLogger, type Logger } from '@flotilla/telemetry/log'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Authenticator } from './auth.ts'
import { type Caller, callerOf } from './caller.ts'
import { PROBLEM_JSON, Problem } from './problem.ts'

/** By header: hashing who they are takes a twentieth of a request. */
const known = new Map<string, Caller>()

/** For tests: who asks is what the header says: `Bearer ada orders.read orders.write`. */
export const testCallers: Authenticator = {
  dependencies: [],
  warm: () => Promise.resolve(),
  authenticate(authorization = '') {
    const before = known.get(authorization)
    if (before) return before
    const [scheme, sub, ...scopes] = authorization.split(' ')
    if (scheme !== 'Bearer' || !sub) {
      throw new Problem('unauthenticated', {
        status: 401,
        errors: [{ header: 'authorization', detail: 'is required' }],
      })
    }
    const caller = callerOf({ iss: 'https://issuer.test', sub, scp: scopes.join(' ') }, 'secret')
    if (known.size === 1_000) known.clear()
    known.set(authorization, caller)
    return caller
  },
}

/** The id under which a subject of `testCallers` owns what it made. */
export const customerId = (subject: string): string =>
  callerOf({ iss: 'https://issuer.test', sub: subject }, 'secret').id

/** For tests: a logger that writes nowhere and keeps its lines. */
export function testLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { logger: createLogger({ service: 'test', version: '0', level: 'debug', destination }), lines }
}

export interface Ask {
  readonly as?: string
  /** Of the token; all of the service's when absent. */
  readonly scopes?: string
  readonly key?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
}

export type Answered = {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of an answer by comparing it.
  readonly body: any
  readonly headers: LightMyRequestResponse['headers']
}

/** Asks a server in this process, as JSON. A header that is undefined is left out. */
export function asker(server: FastifyInstance, scopes: string) {
  return async (route: string, ask: Ask = {}): Promise<Answered> => {
    const [method, url] = route.split(' ') as ['GET' | 'POST' | 'PUT', string]
    const headers = {
      authorization: `Bearer ${ask.as ?? 'ada'} ${ask.scopes ?? scopes}`,
      'idempotency-key': ask.key,
      'content-type': ask.body === undefined ? undefined : 'application/json',
      ...ask.headers,
    }
    const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
    const payload = typeof ask.body === 'string' ? ask.body : JSON.stringify(ask.body)
    const response = await server.inject({
      method,
      url,
      headers: Object.fromEntries(given),
      ...(payload !== undefined && { payload }),
    })
    return { status: response.statusCode, body: parsed(response.body), headers: response.headers }
  }
}

export type Asker = ReturnType<typeof asker>

const parsed = (text: string): unknown => (text === '' ? undefined : JSON.parse(text))

/** What a problem names as wrong: `#/lines/0/quantity`, `idempotency-key`, `cursor`. Throws unless it is a problem. */
export function flawsOf({ headers, body, status }: Answered): string[] {
  if (
    headers['content-type'] !== PROBLEM_JSON ||
    body.status !== status ||
    !body.type.startsWith('urn:flotilla:problem:')
  ) {
    throw new Error(`not a problem: ${status} ${headers['content-type']} ${JSON.stringify(body)}`)
  }
  const errors: Record<string, string>[] = body.errors ?? []
  return errors.map(({ pointer, header, query, parameter, detail }) => {
    if (!detail) throw new Error('a flaw without a word on how to mend it')
    return pointer ?? header ?? query ?? parameter ?? ''
  })
}

/** All that is in some tables, to compare two states of a database. Columns left out are named `table.column`. */
export function contents(database: DatabaseSync, tables: readonly string[], without: readonly string[] = []): object {
  return Object.fromEntries(
    tables.map((table) => {
      const rows = database.prepare(`SELECT * FROM "${table}"`).all()
      const kept = rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([column]) => !without.includes(`${table}.${column}`))),
      )
      return [table, kept.map((row) => JSON.stringify(row)).sort()]
    }),
  )
}
