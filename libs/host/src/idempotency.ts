import { hash } from 'node:crypto'
import type { Cause } from '@flotilla/decider/store'
import type { Caller } from './caller.ts'
import { Problem } from './problem.ts'

/** A request's cause: the Idempotency-Key is unique per caller and route, and stands for one validated body. */
export function requestCause(caller: Caller, route: string, key: string, body: unknown): Cause {
  return {
    kind: 'request',
    id: hash('sha256', `${caller.id}\n${route}\n${key}`, 'base64url'),
    fingerprint: hash('sha256', JSON.stringify(body) ?? '', 'base64url'),
  }
}

/** 422 when the key was used for another body. Validated bodies have their keys in the order of the schema. */
export function refuseOtherBody(cause: Cause, before: { readonly fingerprint?: string | undefined }): void {
  if (before.fingerprint === cause.fingerprint) return
  const detail = 'was used for another request within 24 hours: choose a new key for a new request'
  throw new Problem('idempotency-key-reused', { status: 422, detail, errors: [{ header: 'idempotency-key', detail }] })
}
