import { createHmac, timingSafeEqual } from 'node:crypto'
import { percentDecoded } from './percent.ts'

/** The one key, the same as in Microsoft's emulator. */
export const keyName = 'RootManageSharedAccessKey'
const key = 'SAS_KEY_VALUE'

export const connectionString = (host: string, port: number): string =>
  `Endpoint=sb://${host}:${port};SharedAccessKeyName=${keyName};SharedAccessKey=${key};UseDevelopmentEmulator=true`

const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest()

export interface SasToken {
  /** What it opens, such as `sb://127.0.0.1:5672/orders`. */
  readonly resource: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/**
 * Reads `SharedAccessSignature sr=..&sig=..&se=..&skn=..`.
 * @returns the token, or why it is refused
 */
export function checkSasToken(text: string, now: number): SasToken | string {
  const [scheme, query] = text.split(' ', 2)
  if (scheme !== 'SharedAccessSignature' || !query) return 'the token is no SharedAccessSignature'
  const fields = new Map(query.split('&').map((pair) => pair.split(/=(.*)/s, 2) as [string, string]))
  const raw = fields.get('sr')
  const [resource, signature, expiry, name] = ['sr', 'sig', 'se', 'skn'].map((field) =>
    percentDecoded(fields.get(field) ?? ''),
  )
  if (!raw || !resource || !signature || !expiry || !name) return 'the token lacks one of sr, sig, se, skn'
  if (name !== keyName) return `there is no key named ${name}`
  const given = Buffer.from(signature, 'base64')
  const wanted = sign(`${raw}\n${expiry}`)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return 'the signature is not of this key'
  const expiresAt = Number(expiry) * 1000
  if (!(expiresAt > now)) return 'the token has expired'
  return { resource, expiresAt }
}
