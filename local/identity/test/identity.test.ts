import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { type IdentityOptions, startIdentity } from '../src/server.ts'

async function identity(options: IdentityOptions = {}) {
  const server = await startIdentity(options)
  onTestFinished(() => server.close())
  return server
}

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'identity-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

async function ask(url: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams(form), headers })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}

/** Verifies as a service would: discovery first, then the key set it names. */
async function verify(issuer: string, token: unknown) {
  const discovery = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<string, string>
  expect(discovery.issuer).toBe(issuer)
  const keys = createRemoteJWKSet(new URL(String(discovery.jwks_uri)))
  return jwtVerify(String(token), keys, { issuer, audience: 'api://flotilla', algorithms: ['RS256'] })
}

const operator = { grant_type: 'client_credentials', client_id: 'operator', client_secret: 'operator-secret' }

test('a client that posts its secret gets a token with its scopes, verified through discovery', async () => {
  const { url } = await identity()
  const { status, body, headers } = await ask(url, operator)
  expect(status).toBe(200)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 })
  const { payload } = await verify(url, body.access_token)
  const scopes = 'orders.write orders.read stock.read stock.write payments.read notifications.read'
  expect(payload).toMatchObject({
    iss: url,
    sub: 'client:operator',
    azp: 'operator',
    scp: scopes,
    roles: scopes.split(' '),
  })
  expect(Number(payload.exp) - Number(payload.iat)).toBe(3600)
  expect(payload.nbf).toBe(payload.iat)
  expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/)
})

test('a client may name itself by basic and ask for fewer scopes', async () => {
  const { url } = await identity()
  const basic = `Basic ${Buffer.from('operator:operator-secret').toString('base64')}`
  const form = { grant_type: 'client_credentials', scope: 'orders.read api://flotilla/stock.read' }
  const { body } = await ask(url, form, { authorization: basic })
  expect((await verify(url, body.access_token)).payload.scp).toBe('orders.read stock.read')
})

test('a customer gets a token under the customer grant, and cannot write stock', async () => {
  const { url } = await identity()
  const { body } = await ask(url, { grant_type: 'urn:flotilla:customer', customer: 'ada' })
  const { payload } = await verify(url, body.access_token)
  expect(payload).toMatchObject({ sub: 'customer:ada', azp: 'storefront' })
  expect(payload.scp).toBe('orders.write orders.read stock.read payments.read notifications.read')
  expect(payload.roles).toBeUndefined()
  const refused = await ask(url, { grant_type: 'urn:flotilla:customer', customer: 'ada', scope: 'stock.write' })
  expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
})

test.each([
  ['a wrong secret', { ...operator, client_secret: 'wrong' }, 401, 'invalid_client'],
  ['an unknown client', { ...operator, client_id: 'nobody' }, 401, 'invalid_client'],
  ['a scope that is not allowed', { ...operator, scope: 'admin' }, 400, 'invalid_scope'],
  ['no grant type', { client_id: 'operator' }, 400, 'invalid_request'],
  ['another grant type', { ...operator, grant_type: 'password' }, 400, 'unsupported_grant_type'],
  ['a customer without a name', { grant_type: 'urn:flotilla:customer' }, 400, 'invalid_request'],
  ['a customer with a bad name', { grant_type: 'urn:flotilla:customer', customer: 'Ada L' }, 400, 'invalid_request'],
])('%s is refused with the error OAuth has for it', async (_name, form, status, error) => {
  const { url } = await identity()
  const answer = await ask(url, form as Record<string, string>)
  expect(answer).toMatchObject({ status, body: { error } })
  expect(answer.body.error_description).toEqual(expect.any(String))
  expect(answer.headers.has('www-authenticate')).toBe(status === 401)
})

test('a token request that is not a form is refused', async () => {
  const { url } = await identity()
  for (const init of [{}, { body: '{}', headers: { 'content-type': 'application/json' } }]) {
    const response = await fetch(`${url}/token`, { method: 'POST', ...init })
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.status).toBeLessThan(500)
    expect(await response.json()).toMatchObject({ error: 'invalid_request' })
  }
})

test('after a rotation the new key signs, and the old one verifies until its tokens have expired', async () => {
  let now = Date.now()
  const { url, ...server } = await identity({ now: () => now })
  const before = await server.issueToken('ada')
  await fetch(`${url}/rotate`, { method: 'POST' })
  const after = await server.issueToken('ada')
  expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
  await verify(url, before)
  await verify(url, after)
  now += 3_600_001
  const { keys } = (await (await fetch(`${url}/jwks`)).json()) as { keys: { kid: string; d?: string }[] }
  expect(keys.map((key) => key.kid)).toEqual([decodeProtectedHeader(after).kid])
})

test('no private part of a key is ever published', async () => {
  const { url } = await identity()
  const { keys } = (await (await fetch(`${url}/jwks`)).json()) as { keys: object[] }
  expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']])
})

test('a restart with the same data goes on with the same keys', async () => {
  const options = { data: await folder(), issuer: 'http://localhost:8090' }
  const first = await startIdentity(options)
  const old = await first.issueToken('ada')
  await first.rotate()
  const token = await first.issueToken('ada')
  await first.close()
  const second = await identity(options)
  const keys = createRemoteJWKSet(new URL(`${second.url}/jwks`))
  for (const kept of [old, token]) await jwtVerify(kept, keys, { issuer: 'http://localhost:8090' })
  expect(decodeProtectedHeader(await second.issueToken('ada')).kid).toBe(decodeProtectedHeader(token).kid)
})

test('tests can mint tokens that must be refused: expired, not valid yet, forged, for someone else', async () => {
  const { url, ...server } = await identity()
  await expect(verify(url, await server.issueToken('ada', { expiresIn: -60 }))).rejects.toThrow('"exp"')
  await expect(verify(url, await server.issueToken('ada', { notBefore: 60 }))).rejects.toThrow('"nbf"')
  await expect(verify(url, await server.issueForgedToken('ada'))).rejects.toThrow('signature')
  await expect(verify(url, await server.issueToken('ada', { audience: 'api://other' }))).rejects.toThrow('"aud"')
  await expect(verify(url, await server.issueToken('ada', { issuer: 'http://evil' }))).rejects.toThrow('"iss"')
  expect(decodeJwt(await server.issueClientToken('operator', { scopes: ['stock.read'] })).scp).toBe('stock.read')
  await expect(server.issueClientToken('nobody')).rejects.toThrow('no client nobody; there are operator')
})

test('an issuer that is not an origin is refused by name', async () => {
  await expect(startIdentity({ issuer: 'localhost/tenant' })).rejects.toThrow('--issuer: localhost/tenant is not')
})
