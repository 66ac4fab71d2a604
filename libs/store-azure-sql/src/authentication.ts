import type { TokenCredential } from '@azure/identity'
import type { config } from 'mssql'
import { type ConnectionSettings, describe } from './connection-string.ts'

/** Made when it is first needed; one for the process, such as `azureCredential` of the host. */
export type Credential = () => Promise<TokenCredential>

/** Azure SQL in the public cloud, in that of the US government, and in China. */
const audiences = [
  'https://database.windows.net',
  'https://database.usgovcloudapi.net',
  'https://database.chinacloudapi.cn',
]
const scopes = audiences.map((audience) => `${audience}/.default`)

/**
 * How connections log in: a local server by the login of its connection string, any other by a token of Entra ID. The token is
 * asked for at each new connection; that it is kept and renewed ahead of its end is the credential's own work.
 */
export function authentication(settings: ConnectionSettings, credential: Credential | undefined) {
  const { login } = settings
  if (login) return { type: 'default', options: { userName: login.user, password: login.password } } as const
  if (!credential) throw new Error(`${describe(settings)} is asked with a token of Entra ID: give a credential.`)
  return {
    type: 'token-credential',
    options: { credential: tokensOf(credential) },
  } as const satisfies config['authentication']
}

/** The server says what the token is to be for; one for anything but a database is never given away. */
const tokensOf = (credential: Credential): TokenCredential => ({
  async getToken(asked, options) {
    const scope = [asked].flat()
    if (!scope.every((one) => scopes.includes(one)))
      throw new Error(`The server asks for a token that is not for Azure SQL: ${scope}`)
    return (await credential()).getToken(scope, options)
  },
})
