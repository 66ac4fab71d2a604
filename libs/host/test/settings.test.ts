import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { ConfigError, readEnvironment } from '../src/environment.ts'
import { authenticatorOf } from '../src/serve.ts'
import { settings } from '../src/settings.ts'
import { startIssuer } from './test-issuer.ts'

const { OIDC_ISSUERS, OIDC_AUDIENCES, ENDUSER_KEY_FILE } = settings
const Settings = z.object({ OIDC_ISSUERS, OIDC_AUDIENCES, ENDUSER_KEY_FILE })

function read(env: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-settings-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const key = join(folder, 'enduser-key')
  writeFileSync(key, 'secret')
  return readEnvironment(Settings, { OIDC_ISSUERS: 'http://identity', ENDUSER_KEY_FILE: key, ...env })
}

/** What an API of Entra has in its v2.0 tokens: its client id. */
const clientId = '4f1b5d0e-6c2a-4b8e-9a57-0d3f2c1e7b90'

test('a token for any of the audiences is taken from every issuer, and one for a foreign audience is refused', async () => {
  const issuers = await Promise.all([startIssuer(), startIssuer()])
  onTestFinished(async () => {
    await Promise.all(issuers.map((issuer) => issuer.close()))
  })
  const OIDC_ISSUERS = issuers.map(({ origin }) => origin).join(', ')
  const auth = authenticatorOf(read({ OIDC_ISSUERS, OIDC_AUDIENCES: `api://flotilla, ${clientId}` }))
  for (const issuer of issuers) {
    for (const aud of ['api://flotilla', clientId, ['api://other', clientId]])
      expect(await auth.authenticate(`Bearer ${await issuer.token({ aud })}`)).toMatchObject({ subject: 'ann' })
    for (const aud of ['api://other', `api://flotilla,${clientId}`, '', []])
      await expect(auth.authenticate(`Bearer ${await issuer.token({ aud })}`)).rejects.toMatchObject({
        status: 401,
        message: `The claim aud must be api://flotilla or ${clientId}.`,
      })
  }
})

test('the audience is api://flotilla when none is set', () => {
  expect(read({}).OIDC_AUDIENCES).toEqual(['api://flotilla'])
  expect(read({ OIDC_AUDIENCES: '' }).OIDC_AUDIENCES).toEqual(['api://flotilla'])
})

test.each(['api://flotilla,', ',', ' ', 'api://flotilla api://other', '"api://flotilla"'])(
  'audiences that no token can have are refused by name: %j',
  (OIDC_AUDIENCES) => {
    expect(() => read({ OIDC_AUDIENCES })).toThrow(ConfigError)
    expect(() => read({ OIDC_AUDIENCES })).toThrow(
      /^ {2}OIDC_AUDIENCES must be names without spaces and quotes, separated by commas \(.*\)$/m,
    )
  },
)
