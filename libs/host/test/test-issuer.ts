import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

type Key = { readonly kid: string; readonly alg: string; readonly privateKey: CryptoKey; readonly publicJwk: object }

async function newKey(kid: string, alg: string): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** A small OpenID Connect issuer in this process, with faults to order. */
export async function startIssuer() {
  let keys = [await newKey('k1', 'ES256')]
  let fault: 'none' | 'down' | 'slow' = 'none'
  let jwksFetches = 0
  const server = createServer((request, response) => {
    if (fault === 'slow') return
    if (fault === 'down') {
      response.writeHead(500).end('broken')
      return
    }
    response.setHeader('content-type', 'application/json')
    if (request.url === '/jwks') {
      jwksFetches++
      response.end(JSON.stringify({ keys: keys.map((key) => key.publicJwk) }))
    } else if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: origin, jwks_uri: `${origin}/jwks` }))
    } else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const audience = 'api://flotilla'

  return {
    origin,
    audience,
    fetches: () => jwksFetches,
    break(how: typeof fault) {
      fault = how
    },
    async rotate(kid: string, alg = 'ES256') {
      keys = [await newKey(kid, alg)]
    },
    /** Published beside those there are; what signs stays. */
    async addKey(kid: string) {
      keys = [...keys, await newKey(kid, 'ES256')]
    },
    /** A token that is good, but for what the arguments change. */
    async token(claims: JWTPayload = {}, { key, at = Date.now() }: { key?: Key; at?: number } = {}) {
      const signer = key ?? (keys[0] as Key)
      const seconds = Math.floor(at / 1_000)
      return new SignJWT({ scp: 'orders.read orders.write', ...claims })
        .setProtectedHeader({ alg: signer.alg, kid: signer.kid, typ: 'at+jwt' })
        .setIssuer(claims.iss ?? origin)
        .setAudience(claims.aud ?? audience)
        .setSubject(claims.sub ?? 'ann')
        .setIssuedAt(seconds)
        .setExpirationTime(claims.exp ?? seconds + 3_600)
        .sign(signer.privateKey)
    },
    newKey,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type TestIssuer = Awaited<ReturnType<typeof startIssuer>>
