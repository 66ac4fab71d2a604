import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import {
  audience,
  type Client,
  client as clientSchema,
  customerScopes,
  localClients,
  operatorScopes,
} from './clients.ts'
import { customer, customerGrant, customerRule, decideGrant, isCustomer } from './grants.ts'
import { generate, type KeyRing, openKeyRing } from './keys.ts'
import { signToken, type TokenOptions } from './tokens.ts'

export interface IdentityOptions {
  /** 0, the default, takes a free one. */
  port?: number | undefined
  host?: string | undefined
  /** Folder for the keys; without it they live in memory and end with the process. */
  data?: string | undefined
  /** Origin that tokens name as `iss`. Default: the server's own URL, which is stable only while the port is. */
  issuer?: string | undefined
  clients?: Client[]
  /** Milliseconds since the epoch. */
  now?: () => number
  /** Seconds a token lives. Default 3,600. */
  lifetime?: number | undefined
}

export interface Identity {
  url: string
  port: number
  issuer: string
  jwksUri: string
  audience: string
  /** A token for a named test customer. */
  issueToken(customer: string, options?: TokenOptions): Promise<string>
  /** A token for a configured client, `operator` by default. */
  issueClientToken(client?: string, options?: TokenOptions): Promise<string>
  /** A token that looks right but is signed by a key that is not ours, under one of our key ids. */
  issueForgedToken(customer: string, options?: TokenOptions): Promise<string>
  /** A new key signs from now on. */
  rotate(): Promise<{ kid: string }>
  close(): Promise<void>
}

/** Starts the OIDC issuer. Rejects with EADDRINUSE when the port is taken, and with a plain Error for a bad option. */
export async function startIdentity(options: IdentityOptions = {}): Promise<Identity> {
  const now = options.now ?? Date.now
  const lifetime = options.lifetime ?? 3600
  const host = options.host ?? '127.0.0.1'
  const named = options.issuer === undefined ? undefined : origin(options.issuer)
  const clients = new Map(
    clientSchema
      .array()
      .parse(options.clients ?? localClients)
      .map((it) => [it.id, it]),
  )
  const keys = await openKeyRing(options.data, now())
  const app = Fastify({
    bodyLimit: 16 * 1024,
    forceCloseConnections: 'idle',
    logger: { level: 'error' },
  })
  const place = { url: '', issuer: '' }

  const rotate = async () => ({ kid: (await keys.rotate(now(), now() + lifetime * 1000)).kid })
  const sign = (grant: Parameters<typeof signToken>[2], options?: TokenOptions, key = keys.current()) =>
    signToken(key, place.issuer, grant, now(), lifetime, options)

  addDiscovery(app, place, keys, now)
  app.post('/token', async (request, reply) => {
    const grant = decideGrant(request.body as URLSearchParams, request.headers.authorization, clients)
    reply.header('cache-control', 'no-store')
    if ('error' in grant) return refuse(reply, grant)
    return {
      access_token: await sign(grant),
      token_type: 'Bearer',
      expires_in: lifetime,
      scope: grant.scopes.join(' '),
    }
  })
  app.post('/rotate', rotate)

  try {
    await app.listen({ port: options.port ?? 0, host })
  } catch (error) {
    keys.close()
    throw error
  }
  const { port } = app.server.address() as AddressInfo
  place.url = `http://${reachable(host)}:${port}`
  place.issuer = named ?? place.url
  const jwksUri = `${place.issuer}/jwks`
  const end = async () => {
    await app.close()
    keys.close()
  }
  let ended: Promise<void> | undefined
  return {
    ...place,
    port,
    jwksUri,
    audience,
    issueToken: async (name, options) => sign(customer(checked(name)), options),
    issueClientToken: async (id = 'operator', options) => sign(clientGrant(clients, id), options),
    issueForgedToken: async (name, options) =>
      sign(customer(checked(name)), options, { ...(await generate()), kid: keys.current().kid }),
    rotate,
    close: () => {
      ended ??= end()
      return ended
    },
  }
}

function addDiscovery(app: FastifyInstance, place: { issuer: string }, keys: KeyRing, now: () => number) {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(body as string)),
  )
  app.addHook('preHandler', async (request, reply) => {
    if (request.routeOptions.url === '/token' && !(request.body instanceof URLSearchParams)) {
      const error_description = 'send a body of type application/x-www-form-urlencoded'
      return refuse(reply, { status: 400, error: 'invalid_request', error_description })
    }
  })
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error(error)
    const description = status < 500 ? error.message : 'the issuer failed; try again'
    return refuse(reply, {
      status,
      error: status < 500 ? 'invalid_request' : 'server_error',
      error_description: description,
    })
  })
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, { status: 404, error: 'not_found', error_description: `no ${request.method} ${request.url} here` }),
  )
  app.get('/health/ready', async () => ({ status: 'ready' }))
  app.get('/.well-known/openid-configuration', async () => ({
    issuer: place.issuer,
    jwks_uri: `${place.issuer}/jwks`,
    token_endpoint: `${place.issuer}/token`,
    grant_types_supported: ['client_credentials', customerGrant],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: [...new Set([...operatorScopes, ...customerScopes])],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'azp', 'scp', 'roles'],
  }))
  app.get('/jwks', async () => ({ keys: keys.published(now()) }))
}

function refuse(reply: FastifyReply, refusal: { status: number; error: string; error_description: string }) {
  const { status, ...body } = refusal
  if (status === 401) reply.header('www-authenticate', 'Basic realm="flotilla", charset="UTF-8"')
  return reply.code(status).send(body)
}

function clientGrant(clients: Map<string, Client>, id: string) {
  const client = clients.get(id)
  if (!client) throw new Error(`no client ${id}; there are ${[...clients.keys()].join(', ')}`)
  return { subject: `client:${id}`, client: id, scopes: client.scopes, application: true }
}

function checked(name: string): string {
  if (!isCustomer(name)) throw new Error(`customer ${JSON.stringify(name)} is not ${customerRule}`)
  return name
}

/** Discovery lives at the issuer's root, so an issuer is an origin. */
function origin(issuer: string): string {
  if (!URL.canParse(issuer) || !/^https?:\/\/[^/?#]+\/?$/.test(issuer)) {
    throw new Error(`--issuer: ${issuer} is not an http(s) origin such as http://localhost:8090`)
  }
  return issuer.replace(/\/$/, '')
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
