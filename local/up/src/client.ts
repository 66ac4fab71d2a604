/** A client of the fleet, as anybody would write one: tokens from the issuer, requests through the gateway. */

export interface Timeline {
  readonly orderId: string
  readonly entries: readonly { readonly at: string; readonly type: string; readonly reason?: string }[]
}

export interface OrderView {
  readonly id: string
  readonly status: 'placed' | 'reserved' | 'confirmed' | 'cancelled'
  readonly reason?: string
  readonly currency: string
  readonly total: number
  readonly placedAt: string
}

/** An answer that was not expected, with what it said. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected'
  readonly status: number
  constructor(what: string, status: number, body: string) {
    super(`${what}: ${status} ${body}`)
    this.status = status
  }
}

const timeout = 20_000

export async function customerToken(identity: string, customer: string): Promise<string> {
  return token(identity, { grant_type: 'urn:flotilla:customer', customer })
}

export async function operatorToken(identity: string): Promise<string> {
  return token(identity, {
    grant_type: 'client_credentials',
    client_id: 'operator',
    client_secret: 'operator-secret',
  })
}

async function token(identity: string, form: Record<string, string>): Promise<string> {
  const response = await fetch(`${identity}/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(timeout),
  })
  const text = await response.text()
  if (!response.ok) throw new Unexpected('the issuer refused a token', response.status, text)
  return (JSON.parse(text) as { access_token: string }).access_token
}

/** Sends one request; throws `Unexpected` unless the answer has one of these statuses. */
export async function ask<Body>(
  url: string,
  bearer: string,
  { method = 'GET', headers = {}, body, expect = [200] }: AskOptions = {},
): Promise<{ readonly status: number; readonly body: Body }> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeout),
  })
  const text = await response.text()
  if (!expect.includes(response.status)) throw new Unexpected(`${method} ${url}`, response.status, text)
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as Body }
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly expect?: readonly number[]
}
