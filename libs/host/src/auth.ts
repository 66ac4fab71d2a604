import type { Logger } from '@flotilla/telemetry/log'
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { type Caller, callerOf } from './caller.ts'
import type { Dependency } from './dependency.ts'
import { createIssuer, type Issuer, type IssuerOptions } from './issuer.ts'
import { Problem, unavailable } from './problem.ts'
import { createTokenCache } from './token-cache.ts'

/** Asymmetric only: with a symmetric algorithm whoever can verify can sign. */
const ALGORITHMS = ['RS256', 'ES256', 'PS256']
/** Seconds that clocks may differ. */
const CLOCK_TOLERANCE = 5
const MAX_TOKEN_LENGTH = 8_192

/** Whom to trust. There is no switch that turns verification off. */
export type AuthOptions = {
  /** At least one. */
  readonly issuers: readonly IssuerOptions[]
  /** The secret of `enduser.id`: the same in all services, so that one caller can be followed through all logs. */
  readonly endUserSecret: string
  /** Verified tokens kept, default 10,000. */
  readonly cacheSize?: number | undefined
  readonly logger?: Logger | undefined
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
}

/** Verifies bearer tokens. */
export type Authenticator = {
  /**
   * The caller named by an `Authorization` header: at once for a token seen before, else as a promise. Throws or rejects
   * with a 401 problem, or 503 when an issuer's keys cannot be had.
   */
  authenticate(authorization: string | undefined): Caller | Promise<Caller>
  /** Fetches the keys of every issuer. Rejects when those of one cannot be had. */
  warm(): Promise<void>
  /** The issuers, for `/health/deps`. */
  readonly dependencies: readonly Dependency[]
}

const challenge = (error: string | undefined, detail: string) =>
  `Bearer realm="flotilla"${error === undefined ? '' : `, error="${error}", error_description="${detail}"`}`

const unauthenticated = (detail: string, error?: string) =>
  new Problem('unauthenticated', {
    status: 401,
    title: 'Authentication is needed',
    detail,
    errors: [{ header: 'authorization', detail }],
    headers: { 'www-authenticate': challenge(error, detail) },
  })

const invalidToken = (detail: string) => unauthenticated(detail, 'invalid_token')

/** 403: known, but not allowed. */
export const forbidden = (scope: string): Problem =>
  new Problem('insufficient-scope', {
    status: 403,
    title: 'The token does not allow this',
    detail: `Ask for a token with the scope ${scope}.`,
    headers: { 'www-authenticate': `Bearer realm="flotilla", error="insufficient_scope", scope="${scope}"` },
  })

function claimsUnverified(token: string): JWTPayload {
  try {
    return decodeJwt(token)
  } catch {
    throw invalidToken('The token is not a JSON Web Token.')
  }
}

/** The token's own fault becomes a 401 that says what is wrong with it; everything else is the issuer's. */
function refusal(error: unknown, issuer: Issuer): Problem {
  if (error instanceof errors.JWTExpired) return invalidToken('The token has expired: get a new one.')
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
    return invalidToken(`The claim aud must be ${issuer.audience.join(' or ')}.`)
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalidToken(`The claim ${error.claim} is not as it must be.`)
  if (error instanceof errors.JOSEAlgNotAllowed)
    return invalidToken(`The algorithm must be one of ${ALGORITHMS.join(' ')}.`)
  if (error instanceof errors.JWKSNoMatchingKey)
    return invalidToken('The token is signed with a key that its issuer does not have.')
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return invalidToken('The header of the token must name the key that signed it (kid).')
  const atFault = [errors.JWSSignatureVerificationFailed, errors.JWSInvalid, errors.JWTInvalid, errors.JOSENotSupported]
  if (atFault.some((type) => error instanceof type)) return invalidToken('The token or its signature is not valid.')
  return unavailable(
    `The keys of ${issuer.issuer} cannot be had right now. Your token may be good: try again.`,
    2,
    error,
  )
}

async function verify(
  token: string,
  issuer: Issuer,
  at: Date,
): Promise<JWTPayload & { iss: string; sub: string; exp: number }> {
  try {
    const { payload } = await jwtVerify(token, issuer.key, {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE,
      currentDate: at,
    })
    return payload as JWTPayload & { iss: string; sub: string; exp: number }
  } catch (error) {
    throw refusal(error, issuer)
  }
}

/** Makes the authenticator of a process. */
export function createAuthenticator(options: AuthOptions): Authenticator {
  const { endUserSecret, cacheSize = 10_000, logger, now = Date.now } = options
  if (options.issuers.length === 0) throw new Error('at least one issuer must be trusted')
  const issuers = new Map(options.issuers.map((settings) => [settings.issuer, createIssuer(settings, logger)]))
  const cache = createTokenCache(cacheSize, now)
  const pending = new Map<string, Promise<Caller>>()

  async function verified(token: string, key: string): Promise<Caller> {
    const { iss } = claimsUnverified(token)
    const issuer = issuers.get(iss ?? '')
    if (issuer === undefined) throw invalidToken('The token is from an issuer that is not trusted here.')
    const payload = await verify(token, issuer, new Date(now()))
    if (payload.sub === '') throw invalidToken('The claim sub is empty.')
    const caller = callerOf(payload, endUserSecret)
    cache.set(key, caller, (payload.exp + CLOCK_TOLERANCE) * 1_000)
    return caller
  }

  return {
    authenticate(authorization) {
      if (authorization === undefined) throw unauthenticated('Send a bearer token in the Authorization header.')
      if (authorization.slice(0, 7).toLowerCase() !== 'bearer ' || authorization.length > MAX_TOKEN_LENGTH)
        throw invalidToken('The Authorization header must be: Bearer <token>.')
      const token = authorization.slice(7)
      const key = cache.key(token)
      const known = cache.get(key) ?? pending.get(key)
      if (known !== undefined) return known
      const verification = verified(token, key).finally(() => pending.delete(key))
      pending.set(key, verification)
      return verification
    },
    async warm() {
      await Promise.all([...issuers.values()].map((issuer) => issuer.warm()))
    },
    dependencies: [...issuers.values()].map((issuer) => issuer.dependency),
  }
}
