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
  const where = {
    protocol: protocol === 'http:' ? ('http' as const) : ('https' as const),
    host: hostname,
    ...(port !== '' && { port }),
  }
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
