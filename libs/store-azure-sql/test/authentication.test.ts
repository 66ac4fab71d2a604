import type { AccessToken, TokenCredential } from '@azure/identity'
import { Unavailable } from '@flotilla/decider/store'
import mssql from 'mssql'
import { afterEach, describe, expect, it } from 'vitest'
import { authentication } from '../src/authentication.ts'
import { readConnectionString } from '../src/connection-string.ts'
import { failureOf } from '../src/faults.ts'
import type { FakeServer } from './fake-server.ts'
import { failure, fake } from './opened.ts'

const azure = readConnectionString('Server=flotilla.database.windows.net;Database=order')
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Logs in as to Azure SQL, at a fake server: without TLS, for which a certificate would be needed. */
function poolAt(server: FakeServer, credential: TokenCredential) {
  const pool = new mssql.ConnectionPool({
    server: '127.0.0.1',
    port: server.port,
    database: 'order',
    authentication: authentication(azure, async () => credential),
    options: { encrypt: false, requestTimeout: 1_000 },
  })
  pool.on('error', () => {})
  ends.push(() => pool.close())
  return pool
}

/** Gives tokens that are numbered. */
function numbered() {
  const asked: (string | string[])[] = []
  const credential: TokenCredential = {
    async getToken(scopes): Promise<AccessToken> {
      asked.push(scopes)
      return { token: `token-${asked.length}`, expiresOnTimestamp: 0 }
    },
  }
  return { credential, asked }
}

describe('a server that is not local', () => {
  it('is given a new token at each login, which is for Azure SQL', async () => {
    const server = await fake()
    server.audience = 'https://database.windows.net/'
    const { credential, asked } = numbered()
    const pool = await poolAt(server, credential).connect()
    await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1')])
    expect(server.tokens).toEqual(['token-1', 'token-2', 'token-3'])
    expect(asked).toEqual(Array(3).fill(['https://database.windows.net/.default']))
    await pool.query('SELECT 1')
    expect(asked).toHaveLength(3)
  })

  it('is given no token that is for something else', async () => {
    const server = await fake()
    server.audience = 'https://vault.azure.net/'
    const { credential, asked } = numbered()
    const error = failureOf(await failure(poolAt(server, credential).connect()), 'opening', 'db/order')
    expect(error.message).toMatch(/asks for a token that is not for Azure SQL: https:\/\/vault\.azure\.net\/\.default/)
    expect(asked).toEqual([])
    expect(server.tokens).toEqual([])
  })

  it('is Unavailable, with the reason, when there is no token', async () => {
    const server = await fake()
    server.audience = 'https://database.windows.net/'
    const credential = { getToken: () => Promise.reject(new Error('the federated token file is missing')) }
    const error = failureOf(await failure(poolAt(server, credential).connect()), 'opening', 'db/order')
    expect(error).toBeInstanceOf(Unavailable)
    expect(error.message).toMatch(/^SQL Server db\/order is not available: .* the federated token file is missing$/)
  })

  it('that refuses the token is Unavailable, and the token is not told', async () => {
    const server = await fake()
    server.audience = 'https://database.windows.net/'
    server.reply = () => ({ error: 18456, severity: 14 })
    const error = failureOf(await failure(poolAt(server, numbered().credential).connect()), 'opening', 'db/order')
    expect(error).toBeInstanceOf(Unavailable)
    expect(error.message).not.toContain('token-1')
  })

  it('needs a credential', () => {
    expect(() => authentication(azure, undefined)).toThrow(
      /flotilla\.database\.windows\.net\/order .* give a credential/,
    )
  })
})

describe('a local server', () => {
  it('is given the login of its connection string, and no token is asked for', () => {
    const settings = readConnectionString('Server=127.0.0.1;Database=order;User Id=sa;Password=hush')
    expect(authentication(settings, () => expect.unreachable())).toEqual({
      type: 'default',
      options: { userName: 'sa', password: 'hush' },
    })
  })
})
