import { currentTraceparent } from '@flotilla/telemetry/spans'
import { z } from 'zod'
import { route } from '../src/route.ts'
import { IdempotencyKey } from '../src/validation.ts'
import { testServer } from './test-server.ts'

const Line = z.strictObject({ sku: z.string().min(1), quantity: z.int().min(1).max(1_000) })
const PlaceOrder = z.strictObject({
  lines: z.array(Line).min(1).max(50),
  contact: z.strictObject({ email: z.email() }),
  paymentMethod: z.enum(['card', 'invoice']).optional(),
})

/** What `POST /api/v1/orders` takes. */
export const goodOrder = { lines: [{ sku: 'a', quantity: 1 }], contact: { email: 'ann@example.com' } }

/** A server with one route; `state.behave` is what its handler does. */
export async function orderServer(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(options)
  const state: { behave: () => unknown } = { behave: () => undefined }
  const headers = await server.bearer()
  route(server.app, {
    method: 'POST',
    url: '/api/v1/orders',
    scope: 'orders.write',
    summary: 'Place an order',
    headers: z.object({ 'idempotency-key': IdempotencyKey }),
    query: z.strictObject({ dryRun: z.enum(['true', 'false']).optional() }),
    body: PlaceOrder,
    responses: { 202: z.object({ lines: z.int(), traceparent: z.string().optional() }) },
    handler: async ({ body, request }) => {
      request.orderId = 'o-1'
      await state.behave()
      return {
        status: 202,
        body: { lines: body.lines.length, traceparent: currentTraceparent() },
        headers: { location: '/api/v1/orders/o-1' },
      }
    },
  })
  const post = (payload: unknown, more: Record<string, string> = {}, url = '/api/v1/orders') =>
    server.app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k-1', ...headers, ...more },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    })
  return { ...server, state, headers, post }
}

export type OrderServer = Awaited<ReturnType<typeof orderServer>>
