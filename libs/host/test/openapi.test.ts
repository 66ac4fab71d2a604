import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { openApiDocument } from '../src/openapi.ts'
import { route } from '../src/route.ts'
import { type TestServer, testServer } from './test-server.ts'

const Line = z.strictObject({ sku: z.string().min(1), quantity: z.int().min(1) }).meta({ id: 'Line' })
const PlaceOrder = z.strictObject({ lines: z.array(Line).min(1) }).meta({ id: 'PlaceOrder' })
const Order = z.object({ id: z.uuid(), lines: z.array(Line) }).meta({ id: 'Order', description: 'An order' })

let server: TestServer
beforeEach(async () => {
  server = await testServer()
})
afterEach(() => server.close())

test('the document is made of the schemas that validate', async () => {
  route(server.app, {
    method: 'POST',
    url: '/api/v1/orders/:id/lines',
    scope: ['orders.write', 'orders.admin'],
    summary: 'Add lines',
    tags: ['orders'],
    params: z.object({ id: z.uuid() }),
    query: z.strictObject({ limit: z.coerce.number().int().optional().meta({ description: 'At most so many' }) }),
    headers: z.object({ 'idempotency-key': z.string() }),
    body: PlaceOrder,
    responses: { 202: Order, 204: null },
    problems: { 409: 'The price changed' },
    handler: () => ({ status: 204 }),
  })
  const document = (await server.app.inject('/openapi.json')).json()
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'test', version: '0' } })
  const operation = document.paths['/api/v1/orders/{id}/lines'].post
  expect(operation).toMatchObject({
    operationId: 'postApiV1OrdersIdLines',
    summary: 'Add lines',
    tags: ['orders'],
    security: [{ bearer: ['orders.write'] }, { bearer: ['orders.admin'] }],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/PlaceOrder' } } },
    },
  })
  expect(operation.parameters).toEqual([
    { name: 'id', in: 'path', required: true, schema: expect.objectContaining({ type: 'string', format: 'uuid' }) },
    {
      name: 'limit',
      in: 'query',
      required: false,
      description: 'At most so many',
      schema: expect.objectContaining({ type: 'integer' }),
    },
    { name: 'idempotency-key', in: 'header', required: true, schema: { type: 'string' } },
  ])
  expect(Object.keys(operation.responses)).toEqual(['202', '204', '400', '401', '403', '409', '503'])
  expect(operation.responses[202]).toEqual({
    description: 'An order',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
  })
  expect(operation.responses[204]).toEqual({ description: 'No content' })
  expect(operation.responses[409].content).toEqual({
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  })
  expect(Object.keys(document.components.schemas)).toEqual(['Line', 'Order', 'PlaceOrder', 'Problem'])
  expect(document.components.schemas.PlaceOrder.properties.lines.items).toEqual({ $ref: '#/components/schemas/Line' })
  const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? []
  for (const reference of references) expect(reference).toMatch(/^"\$ref":"#\/components\/schemas\/\w+"$/)
})

test('two schemas with one id are refused by name', () => {
  const operation = (body: z.ZodType) =>
    ({ method: 'POST', url: '/x', scope: 'x', summary: 'x', body, responses: {} }) as const
  const other = z.object({ another: z.string() }).meta({ id: 'Twin' })
  const info = { name: 'x', version: '0' }
  const first = z.object({ one: z.string() })
  expect(() => openApiDocument([operation(first.meta({ id: 'Twin' })), operation(other)], info)).toThrow('Twin')
})
