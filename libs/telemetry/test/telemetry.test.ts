import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { metrics, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace'
import { expect, test } from 'vitest'
import { ordersPlaced, outboxLag } from '../src/metrics.ts'
import { currentTraceparent, withSpan } from '../src/spans.ts'
import { startTelemetry } from '../src/telemetry.ts'
import { parseTraceparent } from '../src/traceparent.ts'

const service = { service: 'order', version: '1.2.3' }

test('without an endpoint spans have valid ids, keep their trace and record nothing', async () => {
  const telemetry = await startTelemetry(service)
  const outer = withSpan('outer', { parent: null }, (span) => {
    expect(span.isRecording()).toBe(false)
    expect(trace.isSpanContextValid(span.spanContext())).toBe(true)
    const inner = withSpan('inner', {}, currentTraceparent)
    expect(inner?.slice(3, 35)).toBe(span.spanContext().traceId)
    expect(inner).not.toBe(currentTraceparent())
    return currentTraceparent()
  })
  expect(parseTraceparent(outer)).toMatchObject({ traceFlags: 0 })
  const caller = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  expect(withSpan('child', { parent: caller }, currentTraceparent)?.slice(3, 35)).toBe(caller.slice(3, 35))
  expect(trace.getTracer('someone else').startActiveSpan('x', currentTraceparent)).toBeDefined()
  await telemetry.shutdown()
  expect(withSpan('after', { parent: null }, currentTraceparent)).toBeUndefined()
})

test('a share of new traces is recorded and a decision of the caller is kept', async () => {
  const exporter = new InMemorySpanExporter()
  const processor = new SimpleSpanProcessor({ exporter })
  const telemetry = await startTelemetry({ ...service, spanProcessors: [processor], sampleRatio: 0 })
  withSpan('not sampled', { parent: null }, () => undefined)
  withSpan('sampled by the caller', { parent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }, () => undefined)
  await processor.forceFlush()
  expect(exporter.getFinishedSpans().map((span) => span.name)).toEqual(['sampled by the caller'])
  expect(exporter.getFinishedSpans()[0]?.resource.attributes).toMatchObject({
    'service.name': 'order',
    'service.version': '1.2.3',
    'service.instance.id': expect.any(String),
  })
  await telemetry.shutdown()
})

test('instruments declared before the start record after it', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const forget = outboxLag.observe((observe) => observe(1.5))
  ordersPlaced.add(1)
  const telemetry = await startTelemetry({ ...service, metricReaders: [reader] })
  ordersPlaced.add(2, { currency: 'EUR' })
  await reader.forceFlush()
  forget()
  const values = exporter
    .getMetrics()
    .flatMap((batch) => batch.scopeMetrics.flatMap((scope) => scope.metrics))
    .map((metric) => [metric.descriptor.name, metric.dataPoints[0]?.value])
  expect(Object.fromEntries(values)).toMatchObject({ 'flotilla.orders.placed': 2, 'flotilla.outbox.lag': 1.5 })
  await telemetry.shutdown()
  ordersPlaced.add(1)
  expect(metrics.getMeterProvider().constructor.name).toBe('NoopMeterProvider')
})

test('with an endpoint traces and metrics arrive there by OTLP before shutdown resolves', async () => {
  const arrived: string[] = []
  const collector = createServer((request, response) => {
    arrived.push(`${request.method} ${request.url} ${request.headers['content-type']}`)
    request.resume().on('end', () => response.end())
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`
  const telemetry = await startTelemetry({ ...service, endpoint })
  withSpan('work', { parent: null }, () => ordersPlaced.add(1))
  await telemetry.shutdown()
  collector.close()
  collector.closeAllConnections()
  expect(arrived.sort()).toEqual(['POST /v1/metrics application/x-protobuf', 'POST /v1/traces application/x-protobuf'])
})

test('a collector that is down is told to the log and hurts nothing', async () => {
  const warnings: string[] = []
  const logger = { warn: (_: object, message: string) => void warnings.push(message) }
  const telemetry = await startTelemetry({ ...service, endpoint: 'http://127.0.0.1:1', logger, flushMs: 100 })
  withSpan('work', { parent: null }, () => undefined)
  await expect(telemetry.shutdown()).resolves.toBeUndefined()
  expect(warnings.some((message) => message.startsWith('telemetry:'))).toBe(true)
})
