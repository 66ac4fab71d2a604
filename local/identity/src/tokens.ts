import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { audience } from './clients.ts'
import type { SigningKey } from './keys.ts'

export interface Grant {
  subject: string
  /** The client that asked (`azp`). */
  client: string
  scopes: string[]
  /** A client acting for itself carries its permissions as `roles` too, as Entra's application permissions do. */
  application: boolean
}

/** What a test may bend. Seconds. */
export interface TokenOptions {
  scopes?: string[]
  /** Default 3,600; negative for a token that has expired already. */
  expiresIn?: number
  /** Seconds from now before which the token is not valid yet. Default 0. */
  notBefore?: number
  audience?: string
  issuer?: string
}

export async function signToken(
  key: SigningKey,
  issuer: string,
  grant: Grant,
  now: number,
  lifetime: number,
  options: TokenOptions = {},
): Promise<string> {
  const seconds = Math.floor(now / 1000)
  const expiresIn = options.expiresIn ?? lifetime
  const scopes = options.scopes ?? grant.scopes
  const claims = { scp: scopes.join(' '), azp: grant.client, ...(grant.application && { roles: scopes }) }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid })
    .setIssuer(options.issuer ?? issuer)
    .setSubject(grant.subject)
    .setAudience(options.audience ?? audience)
    .setIssuedAt(Math.min(seconds, seconds + expiresIn))
    .setNotBefore(Math.min(seconds, seconds + expiresIn) + (options.notBefore ?? 0))
    .setExpirationTime(seconds + expiresIn)
    .setJti(randomUUID())
    .sign(key.privateKey)
}
