import Stripe from 'stripe'

export interface StripeClientOptions {
  readonly url: string
  /** The secret key as it is now; a new one makes a new client. */
  readonly key: () => string
  /** For one call, in milliseconds. */
  readonly timeout: number
}

/** Stripe's own client, without repetitions of its own: what to repeat, and how, is payment's business. */
export function stripeClient({ url, key, timeout }: StripeClientOptions): () => Stripe {
  const { protocol, hostname, port } = new URL(url)
  const isPlain = protocol === 'http:'
  // A URL drops the port of its protocol, and the client goes to 443 without one.
  const where = { protocol: isPlain ? 'http' : 'https', host: hostname, port: port || (isPlain ? 80 : 443) } as const
  let used: string | undefined
  let client: Stripe | undefined
  return () => {
    const now = key()
    if (!client || now !== used) {
      used = now
      client = new Stripe(now, { ...where, timeout, maxNetworkRetries: 0, telemetry: false })
    }
    return client
  }
}
