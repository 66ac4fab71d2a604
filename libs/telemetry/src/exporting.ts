import { type ContextManager, DiagLogLevel, diag, metrics, trace } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { envDetector, hostDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'
import type { Telemetry, TelemetryOptions } from './options.ts'
import { install, prepareContext } from './registry.ts'
import { unexportedProvider } from './unexported.ts'

/** The signal's URL under an OTLP base URL, as OTEL_EXPORTER_OTLP_ENDPOINT is defined. */
const signalUrl = (endpoint: string, signal: string) => `${endpoint.replace(/\/+$/, '')}/v1/${signal}`

function spanProcessors({ endpoint, spanProcessors }: TelemetryOptions) {
  if (spanProcessors !== undefined) return spanProcessors
  if (endpoint === undefined) return []
  return [
    new BatchSpanProcessor({
      exporter: new OTLPTraceExporter({ url: signalUrl(endpoint, 'traces') }),
      maxQueueSize: 8192,
    }),
  ]
}

function metricReaders({ endpoint, metricReaders, metricIntervalMs = 15_000 }: TelemetryOptions) {
  if (metricReaders !== undefined) return metricReaders
  if (endpoint === undefined) return []
  return [
    new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url: signalUrl(endpoint, 'metrics') }),
      exportIntervalMillis: metricIntervalMs,
      exportTimeoutMillis: Math.min(metricIntervalMs, 10_000),
    }),
  ]
}

function reportFaults({ logger }: TelemetryOptions): void {
  if (logger === undefined) return
  const report = (message: string, ...details: unknown[]) =>
    logger.warn({ details: details.map(String) }, `telemetry: ${message}`)
  const ignore = () => {}
  diag.setLogger(
    { error: report, warn: report, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
}

/** Telemetry that leaves the process: OTLP over HTTP in protobuf, or what a test passes in. */
export function startExporting(options: TelemetryOptions): Telemetry {
  reportFaults(options)
  prepareContext()
  trace.disable()
  metrics.disable()
  const processors = spanProcessors(options)
  const readers = metricReaders(options)
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: options.service,
      [ATTR_SERVICE_VERSION]: options.version,
      'service.namespace': 'flotilla',
      'service.instance.id': options.instanceId ?? crypto.randomUUID(),
    }),
    resourceDetectors: [hostDetector, envDetector],
    // Both are set already; null leaves them alone (the type of `contextManager` does not say so, the SDK does).
    textMapPropagator: null,
    contextManager: null as unknown as ContextManager,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio ?? 1) }),
    spanProcessors: processors,
    metricReaders: readers,
    // Logs leave by stdout. Without this line the SDK would send them by OTLP, too.
    logRecordProcessors: [],
    instrumentations: [],
  })
  sdk.start()
  const tracers = processors.length > 0 ? trace.getTracerProvider() : unexportedProvider
  const uninstall = install({ tracers, meters: readers.length > 0 ? metrics.getMeterProvider() : undefined })
  return {
    async shutdown() {
      uninstall()
      await flushed(sdk.shutdown(), options)
    },
  }
}

async function flushed(shutdown: Promise<void>, { logger, flushMs = 5_000 }: TelemetryOptions): Promise<void> {
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => late.resolve('late'), flushMs)
  try {
    const end = await Promise.race([shutdown, late.promise])
    if (end === 'late')
      logger?.warn({}, `telemetry: the collector took more than ${flushMs} ms; the last spans are lost`)
  } catch (error) {
    logger?.warn({ err: error }, 'telemetry: the last flush failed; the last spans are lost')
  } finally {
    clearTimeout(timer)
  }
}
