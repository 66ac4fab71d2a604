import { systemClock } from '@flotilla/decider/clock'
import { createLogger } from '@flotilla/telemetry/log'
import { createLogDestination } from '@flotilla/telemetry/log-destination'
import { startTelemetry } from '@flotilla/telemetry/telemetry'
import { z } from 'zod'
import { createAuthenticator } from '../src/auth.ts'
import { createOverload } from '../src/overload.ts'
import { route } from '../src/route.ts'
import { createServer } from '../src/server.ts'

const [issuer = '', audience = ''] = process.argv.slice(2)
await startTelemetry({ service: 'bench', version: '0' })
const logger = createLogger({
  service: 'bench',
  version: '0',
  destination: createLogDestination('/dev/null'),
})
const app = createServer({
  logger,
  service: { name: 'bench', version: '0' },
  auth: createAuthenticator({ issuers: [{ issuer, audience }], endUserSecret: 'bench' }),
  clock: systemClock,
  overload: createOverload({ clock: systemClock }),
})
route(app, {
  method: 'POST',
  url: '/api/v1/orders',
  scope: 'orders.write',
  summary: 'Place an order',
  body: z.strictObject({
    lines: z
      .array(z.strictObject({ sku: z.string().min(1), quantity: z.int().min(1).max(1_000) }))
      .min(1)
      .max(50),
    paymentMethod: z.string().min(1),
    contact: z.strictObject({ email: z.email() }),
    note: z.string().max(500).optional(),
  }),
  responses: { 202: z.object({ orderId: z.string(), status: z.string(), lines: z.int() }) },
  handler: ({ body, request }) => {
    request.orderId = '01932f6e-8f0a-7c3b-9d52-3f1f6e0c9a11'
    return { status: 202, body: { orderId: request.orderId, status: 'placed', lines: body.lines.length } }
  },
})
await app.listen({ port: 0, host: '127.0.0.1' })
const cpu = () => process.cpuUsage().user + process.cpuUsage().system
process.on('message', () => process.send?.(cpu()))
process.send?.((app.server.address() as { port: number }).port)
process.on('disconnect', () => process.exit(0))
