import { type Client, customerScopes, grantScopes, hasSecret } from './clients.ts'
import type { Grant } from './tokens.ts'

/** The grant type of our own: a token for a named test customer, without a password. It exists on a laptop only. */
export const customerGrant = 'urn:flotilla:customer'

/** The client a customer's token names as its `azp`. */
export const storefront = 'storefront'

/** An OAuth 2.0 error (RFC 6749, 5.2). */
export interface Refusal {
  status: 400 | 401
  error: 'invalid_request' | 'invalid_client' | 'invalid_scope' | 'unsupported_grant_type'
  error_description: string
}

/** Decides one token request: a grant, or the OAuth error to answer with. */
export function decideGrant(
  form: URLSearchParams,
  authorization: string | undefined,
  clients: Map<string, Client>,
): Grant | Refusal {
  const repeated = [...new Set(form.keys())].find((name) => form.getAll(name).length > 1)
  if (repeated) return refuse('invalid_request', `${repeated} is given more than once`)
  const type = form.get('grant_type')
  if (type === 'client_credentials') return forClient(form, authorization, clients)
  if (type === customerGrant) return forCustomer(form)
  if (!type) return refuse('invalid_request', `grant_type is missing: use client_credentials or ${customerGrant}`)
  return refuse('unsupported_grant_type', `grant_type is ${type}: use client_credentials or ${customerGrant}`)
}

function forClient(form: URLSearchParams, authorization: string | undefined, clients: Map<string, Client>) {
  const credentials = authorization === undefined ? fromForm(form) : fromBasic(authorization)
  const client = credentials && clients.get(credentials.id)
  if (!client || !hasSecret(client, credentials.secret)) {
    return refuse(
      'invalid_client',
      'client_id and client_secret do not match a client; send them by basic or in the form',
    )
  }
  const scopes = grantScopes(form.get('scope') ?? undefined, client.scopes)
  if (!scopes) return refuse('invalid_scope', `scope: ${client.id} may have ${client.scopes.join(' ')}`)
  return { subject: `client:${client.id}`, client: client.id, scopes, application: true }
}

function forCustomer(form: URLSearchParams): Grant | Refusal {
  const name = form.get('customer') ?? ''
  if (!isCustomer(name)) return refuse('invalid_request', `customer: ${customerRule}`)
  const scopes = grantScopes(form.get('scope') ?? undefined, customerScopes)
  if (!scopes) return refuse('invalid_scope', `scope: a customer may have ${customerScopes.join(' ')}`)
  return customer(name, scopes)
}

export const customerRule = 'a name of 1 to 64 lower-case letters, digits and hyphens, such as ada'

export function isCustomer(name: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(name)
}

export function customer(name: string, scopes = customerScopes): Grant {
  return { subject: `customer:${name}`, client: storefront, scopes, application: false }
}

function fromForm(form: URLSearchParams) {
  return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' }
}

/** RFC 6749, 2.3.1: both halves are form-encoded before they are joined. */
function fromBasic(authorization: string) {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? []
  const text = Buffer.from(encoded ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  try {
    return { id: formDecode(text.slice(0, colon)), secret: formDecode(text.slice(colon + 1)) }
  } catch {
    // A stray % is not form encoding: such credentials match no client.
    return undefined
  }
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function refuse(error: Refusal['error'], error_description: string): Refusal {
  return { status: error === 'invalid_client' ? 401 : 400, error, error_description }
}
