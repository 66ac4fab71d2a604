import { generateSecret, SignJWT } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { createAuthenticator } from '../src/auth.ts'
import { Problem } from '../src/problem.ts'
import { route } from '../src/route.ts'
import { startIssuer, type TestIssuer } from './test-issuer.ts'
import { type TestServer, testServer } from './test-server.ts'

let issuer: TestIssuer
beforeEach(async () => {
  issuer = await startIssuer()
})
afterEach(() => issuer.close())

const authenticator = (options: { now?: () => number; cacheSize?: number; audience?: string } = {}) =>
  createAuthenticator({
    issuers: [{ issuer: issuer.origin, audience: options.audience ?? issuer.audience }],
    endUserSecret: 'secret',
    ...options,
  })

/** The problem that authenticating with this header ends in. */
async function refused(auth: ReturnType<typeof authenticator>, header: string | undefined): Promise<Problem> {
  try {
    await auth.authenticate(header)
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('the token was accepted')
}

test('a good token names its caller with a stable id and a keyed hash for the log', async () => {
  const auth = authenticator()
  const caller = await auth.authenticate(`Bearer ${await issuer.token({ sub: 'ann', scp: 'a b', roles: ['c', 1] })}`)
  expect(caller).toMatchObject({ issuer: issuer.origin, subject: 'ann', scopes: new Set(['a', 'b', 'c']) })
  expect(caller.id).toMatch(/^[0-9a-f]{32}$/)
  expect(caller.endUserId).not.toBe(caller.id)
  const again = await auth.authenticate(`Bearer ${await issuer.token({ sub: 'ann' })}`)
  const other = await auth.authenticate(`Bearer ${await issuer.token({ sub: 'bob' })}`)
  expect(again.id).toBe(caller.id)
  expect(other.id).not.toBe(caller.id)
})

test('a token seen before is answered at once, without crypto', async () => {
  const auth = authenticator()
  const header = `Bearer ${await issuer.token()}`
  const first = auth.authenticate(header)
  expect(first).toBeInstanceOf(Promise)
  expect(auth.authenticate(header)).toBe(first)
  const caller = await first
  issuer.break('down')
  expect(auth.authenticate(header)).toBe(caller)
})

test('a cached token is refused once it has expired', async () => {
  let now = Date.now()
  const auth = authenticator({ now: () => now })
  const header = `Bearer ${await issuer.token({}, { at: now })}`
  await auth.authenticate(header)
  now += 3_610_000
  expect((await refused(auth, header)).message).toContain('expired')
})

test('the cache is bounded and the least recently used token goes first', async () => {
  const auth = authenticator({ cacheSize: 2 })
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(async (sub) => `Bearer ${await issuer.token({ sub })}`))
  await auth.authenticate(a)
  await auth.authenticate(b)
  await auth.authenticate(a)
  await auth.authenticate(c)
  expect(auth.authenticate(a)).not.toBeInstanceOf(Promise)
  expect(auth.authenticate(c)).not.toBeInstanceOf(Promise)
  expect(auth.authenticate(b)).toBeInstanceOf(Promise)
  await auth.authenticate(b)
})

const seconds = () => Math.floor(Date.now() / 1_000)

test.each<[string, () => Promise<string | undefined>, string]>([
  ['no header', async () => undefined, 'Send a bearer token'],
  ['another scheme', async () => 'Basic YW5uOmFubg==', 'Bearer <token>'],
  ['no JWT', async () => 'Bearer hello', 'not a JSON Web Token'],
  ['a huge token', async () => `Bearer ${'a'.repeat(9_000)}`, 'Bearer <token>'],
  [
    'an issuer that is not trusted',
    async () => `Bearer ${await issuer.token({ iss: 'https://evil.example' })}`,
    'not trusted',
  ],
  [
    'another audience',
    async () => `Bearer ${await issuer.token({ aud: 'api://other' })}`,
    'The claim aud must be api://flotilla.',
  ],
  ['an expired token', async () => `Bearer ${await issuer.token({ exp: seconds() - 60 })}`, 'expired'],
  ['a token from the future', async () => `Bearer ${await issuer.token({ nbf: seconds() + 600 })}`, 'nbf'],
  ['an empty subject', async () => `Bearer ${await issuer.token({ sub: '' })}`, 'sub'],
  [
    'a forged payload',
    async () => {
      const [head, , signature] = (await issuer.token()).split('.')
      const payload = Buffer.from(JSON.stringify({ iss: issuer.origin, aud: issuer.audience, sub: 'root', exp: 1e10 }))
      return `Bearer ${head}.${payload.toString('base64url')}.${signature}`
    },
    'signature',
  ],
  [
    'no signature',
    async () => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      return `Bearer ${part({ alg: 'none' })}.${part({ iss: issuer.origin, sub: 'root', exp: 1e10, aud: issuer.audience })}.`
    },
    'algorithm',
  ],
  [
    'a symmetric algorithm',
    async () => {
      const jwt = new SignJWT({})
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .setIssuer(issuer.origin)
        .setSubject('x')
      return `Bearer ${await jwt
        .setAudience(issuer.audience)
        .setExpirationTime('1h')
        .sign(await generateSecret('HS256'))}`
    },
    'algorithm',
  ],
])('%s is a 401 that says so', async (_, header, says) => {
  const problem = await refused(authenticator(), await header())
  expect(problem.status).toBe(401)
  expect(problem.message).toContain(says)
  expect(problem.options.headers?.['www-authenticate']).toMatch(/^Bearer realm="flotilla"/)
})

test.each(['RS256', 'PS256', 'ES256'])('%s is accepted', async (alg) => {
  await issuer.rotate('k2', alg)
  const caller = await authenticator().authenticate(`Bearer ${await issuer.token()}`)
  expect(caller.subject).toBe('ann')
})

test('after a rotation tokens of the new key are accepted, also just after a look at the keys', async () => {
  const auth = authenticator()
  await auth.authenticate(`Bearer ${await issuer.token()}`)
  await issuer.rotate('k2')
  const caller = await auth.authenticate(`Bearer ${await issuer.token({ sub: 'bob' })}`)
  expect(caller.subject).toBe('bob')
})

test('invented key ids cost one fetch of the keys for all, not one each', async () => {
  const auth = authenticator()
  await auth.authenticate(`Bearer ${await issuer.token()}`)
  const before = issuer.fetches()
  const strangers = await Promise.all(Array.from({ length: 20 }, (_, n) => issuer.newKey(`stranger-${n}`, 'ES256')))
  const tokens = await Promise.all(strangers.map((key) => issuer.token({}, { key })))
  const problems = await Promise.all(tokens.map((token) => refused(auth, `Bearer ${token}`)))
  expect(problems.map((problem) => problem.status)).toEqual(tokens.map(() => 401))
  expect(issuer.fetches() - before).toBeLessThanOrEqual(2)
})

test("keys that cannot be had are a 503 and the issuer's fault, never a 401; then it works again", async () => {
  issuer.break('down')
  const auth = authenticator()
  const header = `Bearer ${await issuer.token()}`
  const problem = await refused(auth, header)
  expect(problem.status).toBe(503)
  expect(problem.options.headers?.['retry-after']).toBe('2')
  issuer.break('none')
  expect((await auth.authenticate(header)).subject).toBe('ann')
})

test('an issuer that gives itself another name is not believed', async () => {
  const auth = createAuthenticator({
    issuers: [{ issuer: `${issuer.origin}/`, audience: issuer.audience }],
    endUserSecret: 'secret',
  })
  expect((await refused(auth, `Bearer ${await issuer.token({ iss: `${issuer.origin}/` })}`)).status).toBe(503)
})

test('several issuers are trusted, each with its own keys and audience', async () => {
  const second = await startIssuer()
  const auth = createAuthenticator({
    issuers: [
      { issuer: issuer.origin, audience: 'inside' },
      { issuer: second.origin, audience: ['outside', 'other'], jwksUri: `${second.origin}/jwks` },
    ],
    endUserSecret: 'secret',
  })
  const a = await auth.authenticate(`Bearer ${await issuer.token({ aud: 'inside' })}`)
  const b = await auth.authenticate(`Bearer ${await second.token({ aud: 'outside' })}`)
  expect(a.id).not.toBe(b.id)
  expect((await refused(auth, `Bearer ${await issuer.token({ aud: 'outside' })}`)).status).toBe(401)
  expect((await refused(auth, `Bearer ${await second.token({ iss: issuer.origin, aud: 'inside' })}`)).status).toBe(401)
  expect(auth.dependencies).toHaveLength(2)
  await second.close()
})

let server: TestServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

test('every route asks for a token and its scope; only probes and the API document do not', async () => {
  server = await testServer()
  const { app, bearer } = server
  const answers = { responses: { 200: z.object({ subject: z.string() }) } }
  route(app, {
    method: 'GET',
    url: '/api/v1/orders/:id',
    scope: ['orders.read', 'orders.admin'],
    summary: 'x',
    ...answers,
    handler: ({ caller }) => ({ status: 200, body: { subject: caller.subject } }),
  })
  app.get('/undeclared', () => 'hello')

  const get = (url: string, headers = {}) => app.inject({ url, headers })
  expect((await get('/api/v1/orders/1')).statusCode).toBe(401)
  expect((await get('/api/v1/orders/1')).headers['www-authenticate']).toBe('Bearer realm="flotilla"')
  expect((await get('/undeclared')).statusCode).toBe(401)
  expect((await get('/api/v1/orders/1', await bearer({ scp: 'stock.read' }))).json()).toMatchObject({
    type: 'urn:flotilla:problem:insufficient-scope',
    status: 403,
    detail: 'Ask for a token with the scope orders.read orders.admin.',
  })
  expect((await get('/api/v1/orders/1', await bearer())).json()).toEqual({ subject: 'ann' })
  expect((await get('/api/v1/orders/1', await bearer({ scp: '', roles: ['orders.admin'] }))).statusCode).toBe(200)
  for (const url of ['/health/live', '/health/deps', '/openapi.json']) expect((await get(url)).statusCode).toBe(200)
})

test('a token that does not say which of two keys signed it is a 401, not an outage of the issuer', async () => {
  const unnamed = await issuer.token()
  const [, claims, signature] = unnamed.split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'ES256' })).toString('base64url')
  await issuer.addKey('k2')
  const problem = await refused(authenticator(), `Bearer ${header}.${claims}.${signature}`)
  expect(problem.status).toBe(401)
  expect(problem.message).toContain('kid')
})
