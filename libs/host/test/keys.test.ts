import { afterEach, beforeEach, expect, test } from 'vitest'
import { createAuthenticator } from '../src/auth.ts'
import { keysFetched } from '../src/serve.ts'
import { testLogger } from '../src/testing.ts'
import { startIssuer, type TestIssuer } from './test-issuer.ts'

const { logger } = testLogger()
let issuer: TestIssuer
beforeEach(async () => {
  issuer = await startIssuer()
})
afterEach(() => issuer.close())

const authenticator = () =>
  createAuthenticator({ issuers: [{ issuer: issuer.origin, audience: issuer.audience }], endUserSecret: 'secret' })

test('keys are fetched before a token needs them, as soon as their issuer answers', async () => {
  issuer.break('down')
  const auth = authenticator()
  const fetched = keysFetched(auth, { logger, withinMs: 10_000 })
  await expect.poll(() => auth.dependencies[0]?.status().lastError).toBeDefined()
  issuer.break('none')
  await fetched
  const before = issuer.fetches()
  expect(before).toBeGreaterThan(0)
  issuer.break('down')
  expect((await auth.authenticate(`Bearer ${await issuer.token()}`)).subject).toBe('ann')
  expect(issuer.fetches()).toBe(before)
})

test('an issuer that stays away is not waited for without end', async () => {
  issuer.break('down')
  await keysFetched(authenticator(), { logger, withinMs: 0 })
  expect(issuer.fetches()).toBe(0)
})

test('while one issuer is away, the keys of another are fetched once', async () => {
  const away = await startIssuer()
  away.break('down')
  const audience = issuer.audience
  const issuers = [
    { issuer: issuer.origin, audience },
    { issuer: away.origin, audience },
  ]
  await keysFetched(createAuthenticator({ issuers, endUserSecret: 'secret' }), { logger, withinMs: 1_000 })
  await away.close()
  expect([issuer.fetches(), away.fetches()]).toEqual([1, 0])
})
