import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@flotilla/telemetry/log'
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, type RemoteJWKSet } from 'jose'
import { z } from 'zod'
import { type Dependency, dependency } from './dependency.ts'

/** An OpenID Connect issuer that is trusted, e.g. `https://login.microsoftonline.com/<tenant>/v2.0`. */
export type IssuerOptions = {
  /** The `iss` of its tokens, letter for letter; discovery is at `<issuer>/.well-known/openid-configuration`. */
  readonly issuer: string
  /** The `aud` that is ours. */
  readonly audience: string | readonly string[]
  /** For issuers without discovery. */
  readonly jwksUri?: string | undefined
}

/** The keys of an issuer. */
export type Issuer = {
  readonly issuer: string
  readonly audience: string[]
  readonly key: JWTVerifyGetKey
  readonly dependency: Dependency
  /** Fetches the keys before a token asks for them, unless they are there. Rejects when they cannot be had. */
  warm(): Promise<void>
}

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) })

/** At most one fetch in this time, ms, whatever key ids strangers invent. */
const COOLDOWN_MS = 1_000
const TIMEOUT_MS = 3_000

/** The whole answer, within the timeout. Anything but a 200 is the issuer's fault. */
async function get(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  return new Response(await response.text(), response)
}

/** The keys of an issuer, found by discovery, cached for ten minutes, fetched again when a token names a new one. */
export function createIssuer(options: IssuerOptions, logger: Logger | undefined): Issuer {
  const { issuer, audience, jwksUri } = options
  const outside = dependency({
    name: `identity ${new URL(issuer).host}`,
    timeoutMs: TIMEOUT_MS,
    retry: { attempts: 1 },
    logger,
  })

  async function discover(): Promise<URL> {
    if (jwksUri !== undefined) return new URL(jwksUri)
    const found = await outside.call(async (signal) => {
      const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
      return Discovery.parse(await (await get(url, { signal, redirect: 'error' })).json())
    })
    if (found.issuer !== issuer) throw new Error(`the issuer ${issuer} says of itself that it is ${found.issuer}`)
    return new URL(found.jwks_uri)
  }

  const start = async () =>
    createRemoteJWKSet(await discover(), {
      cooldownDuration: COOLDOWN_MS,
      // The dependency's own limit, for both of its attempts, is the one that counts.
      timeoutDuration: 3 * TIMEOUT_MS,
      [customFetch]: (url, init) => outside.call((signal) => get(url, { ...init, signal })),
    })

  let starting: Promise<RemoteJWKSet> | undefined
  const keys = () => {
    starting ??= start().catch((error: unknown) => {
      starting = undefined
      throw error
    })
    return starting
  }

  let afterCooldown: Promise<void> | undefined
  /** Fetches the keys again when that is allowed again; everyone who waits shares the one fetch. */
  const reload = (set: RemoteJWKSet) => {
    afterCooldown ??= sleep(COOLDOWN_MS)
      .then(() => set.reload())
      .finally(() => {
        afterCooldown = undefined
      })
    return afterCooldown
  }

  return {
    issuer,
    audience: typeof audience === 'string' ? [audience] : [...audience],
    dependency: outside,
    async warm() {
      const set = await keys()
      if (set.jwks() === undefined) await set.reload()
    },
    async key(header, token) {
      const set = await keys()
      try {
        return await set(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
        // Perhaps the key is younger than our last look, which was within the cooldown.
        await reload(set)
        return set(header, token)
      }
    },
  }
}
