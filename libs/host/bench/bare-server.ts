import Fastify from 'fastify'

const app = Fastify()
const string = { type: 'string', minLength: 1 }
const body = {
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
        properties: { sku: string, quantity: { type: 'integer', minimum: 1, maximum: 1000 } },
      },
    },
    paymentMethod: string,
    contact: { type: 'object', required: ['email'], properties: { email: { type: 'string', format: 'email' } } },
    note: { type: 'string', maxLength: 500 },
  },
}
app.post('/api/v1/orders', { schema: { body } }, (request, reply) => {
  const { lines } = request.body as { lines: unknown[] }
  reply.code(202).send({ orderId: '01932f6e-8f0a-7c3b-9d52-3f1f6e0c9a11', status: 'placed', lines: lines.length })
})
await app.listen({ port: 0, host: '127.0.0.1' })
const cpu = () => process.cpuUsage().user + process.cpuUsage().system
process.on('message', () => process.send?.(cpu()))
process.send?.((app.server.address() as { port: number }).port)
process.on('disconnect', () => process.exit(0))
