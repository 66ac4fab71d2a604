import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Stripe from 'stripe'
import { onTestFinished } from 'vitest'
import { type CardProcessorOptions, startCardProcessor } from '../src/server.ts'

/** `payment_method_types` is of the API, though this version of the client declares no type for it. */
export const card: Stripe.PaymentIntentCreateParams & { payment_method_types: string[] } = {
  amount: 1250,
  currency: 'eur',
  payment_method_types: ['card'],
}

/** A card processor of the test's own, with Stripe's client for it. */
export async function processor(options: CardProcessorOptions = {}) {
  const server = await startCardProcessor(options)
  onTestFinished(() => server.close())
  return { ...server, stripe: client(server) }
}

export function client({ host, port }: { host: string; port: number }, config: Partial<Stripe.StripeConfig> = {}) {
  return new Stripe('sk_test_flotilla', {
    host,
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    ...config,
  })
}

export async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'card-processor-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

/** The error that a call of Stripe's client ends with. */
export async function refusal(call: Promise<unknown>): Promise<InstanceType<typeof Stripe.errors.StripeError>> {
  const outcome = await call.then(
    (value) => new Error(`answered ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
  if (outcome instanceof Stripe.errors.StripeError) return outcome
  throw outcome
}

export interface Summary {
  id: string
  status: string
  amount_received: number
  amount_refunded: number
  amount_refund_pending: number
  metadata: Record<string, string>
  refunds: { id: string; amount: number; status: string }[]
}

export async function intents(url: string, query = '') {
  const response = await fetch(`${url}/flotilla/intents${query}`)
  return (await response.json()) as { data: Summary[]; next_cursor: string | null }
}

export async function calls(url: string) {
  const response = await fetch(`${url}/flotilla/calls?limit=1000`)
  return ((await response.json()) as { data: { method: string; path: string; status: number; replayed: boolean }[] })
    .data
}
