import type { z } from 'zod'

/** A route as the API document shows it. */
export type Operation = {
  readonly method: string
  /** In Fastify's notation, e.g. `/api/v1/orders/:id`. */
  readonly url: string
  /** The scope that its callers must have; of several, any one. */
  readonly scope: string | readonly string[]
  readonly summary: string
  readonly description?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly params?: z.ZodObject | undefined
  readonly query?: z.ZodObject | undefined
  /** Names in lower case. Headers that are not declared are let through. */
  readonly headers?: z.ZodObject | undefined
  readonly body?: z.ZodType | undefined
  /** The good answers by status; null for one without a body. */
  readonly responses: Readonly<Record<number, z.ZodType | null>>
  /** The bad answers of its own by status, besides those that every route has. */
  readonly problems?: Readonly<Record<number, string>> | undefined
}
