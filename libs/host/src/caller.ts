import { createHash } from 'node:crypto'
import { endUserId } from '@flotilla/telemetry/log'
import type { JWTPayload } from 'jose'

/** Who asks. */
export type Caller = {
  readonly issuer: string
  readonly subject: string
  readonly scopes: ReadonlySet<string>
  /** A stable key of issuer and subject, 32 hex digits: for ownership and idempotency, not for logs. */
  readonly id: string
  /** `enduser.id` for logs: a keyed hash. */
  readonly endUserId: string
}

/** A delegated token has `scp`, separated by spaces; an application's own has `roles`. Some issuers say `scope`. */
function scopesOf({ scp, scope, roles }: JWTPayload): Set<string> {
  const words = [scp, scope].flatMap((claim) => (typeof claim === 'string' ? claim.split(' ') : []))
  const names = Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : []
  return new Set([...words, ...names].filter((word) => word !== ''))
}

/** The caller that a verified token names. */
export function callerOf(payload: JWTPayload & { iss: string; sub: string }, endUserSecret: string): Caller {
  const { iss: issuer, sub: subject } = payload
  return {
    issuer,
    subject,
    scopes: scopesOf(payload),
    id: createHash('sha256').update(issuer).update('\0').update(subject).digest('hex').slice(0, 32),
    endUserId: endUserId(endUserSecret, issuer, subject),
  }
}
