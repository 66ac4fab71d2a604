import Fastify from 'fastify'

/** The limit that accepting orders is measured against: Fastify that validates (ajv) and answers, and nothing else. */

const app = Fastify({ logger: false })
app.post(
  '/api/v1/orders',
  {
    schema: {
      body: {
        type: 'object',
        additionalProperties: false,
        required: ['lines', 'paymentMethod', 'contact'],
        properties: {
          lines: {
            type: 'array',
            minItems: 1,
            maxItems: 50,
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['sku', 'quantity'],
              properties: {
                sku: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' },
                quantity: { type: 'integer', minimum: 1, maximum: 1000 },
              },
            },
          },
          paymentMethod: { type: 'string', minLength: 1, maxLength: 255 },
          contact: {
            type: 'object',
            additionalProperties: false,
            required: ['email'],
            properties: { email: { type: 'string', minLength: 3, maxLength: 254 } },
          },
          expectedTotal: { type: 'integer', minimum: 0 },
        },
      },
    },
  },
  async (request, reply) => reply.code(202).send(request.body),
)
const url = await app.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`${JSON.stringify({ event: 'ready', url })}\n`)
process.once('SIGTERM', () => app.close())
