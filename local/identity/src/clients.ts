import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** What every token is for: the fleet's own API. */
export const audience = 'api://flotilla'

export const operatorScopes = [
  'orders.write',
  'orders.read',
  'stock.read',
  'stock.write',
  'payments.read',
  'notifications.read',
]

export const customerScopes = ['orders.write', 'orders.read', 'stock.read', 'payments.read', 'notifications.read']

export const client = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'use 1 to 64 letters, digits, dots, underscores or hyphens'),
  secret: z.string().min(8, 'a secret has at least 8 characters'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope has no spaces, quotes or backslashes'))
    .min(1),
})

export type Client = z.infer<typeof client>

/** The one client a laptop needs. Its secret is public: it opens nothing but a fleet of stand-ins. */
export const localClients: Client[] = [{ id: 'operator', secret: 'operator-secret', scopes: operatorScopes }]

export function hasSecret(client: Client, secret: string): boolean {
  return timingSafeEqual(digest(client.secret), digest(secret))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The scopes asked for, or undefined when one of them is not allowed. Nothing, or `.default` as Entra has it, asks for all. */
export function grantScopes(asked: string | undefined, allowed: string[]): string[] | undefined {
  const names = (asked ?? '')
    .split(' ')
    .filter(Boolean)
    .map((name) => (name.startsWith(`${audience}/`) ? name.slice(audience.length + 1) : name))
  if (names.length === 0 || names.includes('.default')) return allowed
  return names.every((name) => allowed.includes(name)) ? [...new Set(names)] : undefined
}
