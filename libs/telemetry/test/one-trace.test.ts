import { context, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withClientSpan, withDatabaseSpan, withDatabaseSpanSync, withWorkSpan } from '../src/calls.ts'
import { endServerSpan, openServerSpan } from '../src/http-server.ts'
import { openPublishSpan, withProcessSpan, withSendSpan } from '../src/messaging.ts'
import { currentTraceparent, endSpan, openSpan, runInSpan, withBatchSpan, withSpan } from '../src/spans.ts'
import { type CollectedSpans, collectSpans } from '../src/testing.ts'

let collected: CollectedSpans
beforeEach(() => {
  collected = collectSpans()
})
afterEach(() => collected.shutdown())

const named = (name: string) => {
  const found = collected.spans().filter((span) => span.name === name)
  if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} spans are named ${name}`)
  return found[0]
}

test('one order is one trace: request, commit, publish, process and the commit after it', async () => {
  const request = openServerSpan({
    method: 'POST',
    route: '/api/v1/orders',
    path: '/api/v1/orders',
    traceparent: undefined,
  })
  const stored = await context.with(request.context, () =>
    withDatabaseSpan({ system: 'sqlite', operation: 'commit', summary: 'commit orders' }, async () =>
      currentTraceparent(),
    ),
  )
  endServerSpan(request, { method: 'POST', route: '/api/v1/orders', status: 202, seconds: 0.001 })

  const publish = openPublishSpan({ topic: 'orders', messageId: 'o1.1.0', conversationId: 'o1', traceparent: stored })
  await withSendSpan('orders', [publish], async () => undefined)
  endSpan(publish.span)

  const incoming = { topic: 'orders', subscription: 'inventory', messageId: 'o1.1.0', traceparent: publish.traceparent }
  const next = await withProcessSpan({ ...incoming, deliveryCount: 1 }, async () =>
    withDatabaseSpanSync({ system: 'sqlite', operation: 'commit', summary: 'commit stock' }, () =>
      currentTraceparent(),
    ),
  )

  expect(new Set(collected.spans().map((span) => span.spanContext().traceId)).size).toBe(1)
  const parentOf = (name: string) => named(name).parentSpanContext?.spanId
  expect(parentOf('POST /api/v1/orders')).toBeUndefined()
  expect(parentOf('commit orders')).toBe(named('POST /api/v1/orders').spanContext().spanId)
  expect(parentOf('publish orders')).toBe(named('commit orders').spanContext().spanId)
  expect(parentOf('send orders')).toBe(named('publish orders').spanContext().spanId)
  expect(parentOf('process orders/inventory')).toBe(named('publish orders').spanContext().spanId)
  expect(parentOf('commit stock')).toBe(named('process orders/inventory').spanContext().spanId)
  expect(next?.slice(3, 35)).toBe(named('POST /api/v1/orders').spanContext().traceId)
})

test('spans carry the attributes and kinds of the semantic conventions', async () => {
  const publish = openPublishSpan({ topic: 'orders', messageId: 'm', conversationId: 'c', traceparent: undefined })
  endSpan(publish.span)
  await withDatabaseSpan(
    {
      system: 'azure.cosmosdb',
      operation: 'bulk',
      summary: 'bulk mails',
      namespace: 'n',
      collection: 'c',
      batchSize: 3,
    },
    async () => undefined,
  )
  await withClientSpan(
    { method: 'POST', url: 'http://user:pw@localhost:9/v1/x?secret=1', name: 'pay' },
    async () => undefined,
  )
  withWorkSpan({ name: 'due-work mail', traceparent: publish.traceparent }, () => undefined)

  expect(named('publish orders')).toMatchObject({
    kind: SpanKind.PRODUCER,
    attributes: {
      'messaging.system': 'servicebus',
      'messaging.destination.name': 'orders',
      'messaging.message.id': 'm',
      'messaging.message.conversation_id': 'c',
    },
  })
  expect(named('bulk mails')).toMatchObject({
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'azure.cosmosdb',
      'db.operation.name': 'bulk',
      'db.query.summary': 'bulk mails',
      'db.namespace': 'n',
      'db.collection.name': 'c',
      'db.operation.batch.size': 3,
    },
  })
  expect(named('POST pay')).toMatchObject({
    attributes: { 'url.full': 'http://localhost:9/v1/x', 'server.address': 'localhost', 'server.port': 9 },
  })
  expect(named('due-work mail').parentSpanContext?.spanId).toBe(publish.span.spanContext().spanId)
})

test('a commit for many commands is one span, linked from and to every member', async () => {
  const members = [openSpan('place a', { parent: null }), openSpan('place b', { parent: null })]
  await withBatchSpan('commit orders', {}, members, async () => undefined)
  for (const member of members) endSpan(member.span)

  const commit = named('commit orders')
  expect(commit.parentSpanContext).toBeUndefined()
  expect(commit.links.map((link) => link.context.spanId)).toEqual(members.map((m) => m.span.spanContext().spanId))
  for (const name of ['place a', 'place b'])
    expect(named(name).links.map((link) => link.context.spanId)).toEqual([commit.spanContext().spanId])
  expect(named('place a').spanContext().traceId).not.toBe(named('place b').spanContext().traceId)
})

test('what is thrown is recorded on the span and thrown on, at once or later', async () => {
  const broken = Object.assign(new Error('no route'), { code: 'ECONNREFUSED' })
  expect(() =>
    withSpan('sync', {}, () => {
      throw broken
    }),
  ).toThrow(broken)
  await expect(withSpan('async', {}, async () => Promise.reject(broken))).rejects.toBe(broken)
  for (const name of ['sync', 'async']) {
    expect(named(name).status).toEqual({ code: SpanStatusCode.ERROR, message: 'no route' })
    expect(named(name).attributes['error.type']).toBe('ECONNREFUSED')
    expect(named(name).events.map((event) => event.name)).toEqual(['exception'])
  }
})

test('a span ends when its promise settles, not before', async () => {
  const gate = Promise.withResolvers<string>()
  const result = withSpan('slow', {}, () => gate.promise)
  expect(collected.spans()).toHaveLength(0)
  gate.resolve('done')
  expect(await result).toBe('done')
  expect(named('slow').status.code).toBe(SpanStatusCode.UNSET)
})

test('only a 5xx is an error of the server', () => {
  for (const status of [404, 503]) {
    const open = openServerSpan({ method: 'GET', route: `/${status}`, path: '/', traceparent: undefined })
    endServerSpan(open, { method: 'GET', route: `/${status}`, status, seconds: 0 })
  }
  expect(named('GET /404').status.code).toBe(SpanStatusCode.UNSET)
  expect(named('GET /503').status.code).toBe(SpanStatusCode.ERROR)
})

test('work handed to a later turn stays in its trace', async () => {
  const open = openSpan('request', { parent: null })
  const seen = await runInSpan(open, async () => {
    await new Promise(setImmediate)
    return currentTraceparent()
  })
  expect(seen).toBe(open.traceparent)
  expect(currentTraceparent()).toBeUndefined()
})
