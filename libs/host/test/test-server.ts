import { systemClock } from '@flotilla/decider/clock'
import { createLogger } from '@flotilla/telemetry/log'
import type { FastifyInstance } from 'fastify'
import { type AuthOptions, createAuthenticator } from '../src/auth.ts'
import { createServer, type ServerOptions } from '../src/server.ts'
import { startIssuer } from './test-issuer.ts'

/** A server with an issuer of its own, and the lines it logs. */
export async function testServer(options: Partial<ServerOptions> = {}, auth: Partial<AuthOptions> = {}) {
  const issuer = await startIssuer()
  const raw: string[] = []
  const logger = createLogger({
    service: 'test',
    version: '0',
    level: 'debug',
    destination: { write: (line) => void raw.push(line) },
  })
  const app: FastifyInstance = createServer({
    logger,
    service: { name: 'test', version: '0' },
    clock: systemClock,
    auth: createAuthenticator({
      issuers: [{ issuer: issuer.origin, audience: issuer.audience }],
      endUserSecret: 'secret',
      ...auth,
    }),
    ...options,
  })
  const bearer = async (...args: Parameters<typeof issuer.token>) => ({
    authorization: `Bearer ${await issuer.token(...args)}`,
  })
  return {
    app,
    issuer,
    logger,
    raw,
    lines: () => raw.map((line) => JSON.parse(line)),
    bearer,
    async close() {
      await app.close()
      await issuer.close()
    },
  }
}

export type TestServer = Awaited<ReturnType<typeof testServer>>
