import type { IMetricReader } from '@opentelemetry/sdk-metrics'
import type { SpanProcessor } from '@opentelemetry/sdk-trace'

/** What a process says about itself, and where its telemetry goes. */
export type TelemetryOptions = {
  /** `service.name`, e.g. `order`. */
  readonly service: string
  /** `service.version`. */
  readonly version: string
  /** `service.instance.id`; the pod's name in a cluster, a random UUID when absent. */
  readonly instanceId?: string | undefined
  /** OTLP/HTTP base URL without `/v1/...` (OTEL_EXPORTER_OTLP_ENDPOINT). Nothing is exported without it. */
  readonly endpoint?: string | undefined
  /** Share of new traces that are recorded, 0 to 1, default 1. A caller's own decision is kept. */
  readonly sampleRatio?: number | undefined
  /** Milliseconds between two exports of metrics, default 15,000. */
  readonly metricIntervalMs?: number | undefined
  /** How long the flush at shutdown may take, ms, default 5,000: a collector that is down costs the end of a trace, no more. */
  readonly flushMs?: number | undefined
  /** Where the exporter's own faults are told; a collector that is down must never hurt the service. */
  readonly logger?: { warn(fields: object, message: string): void } | undefined
  /** Instead of the OTLP trace exporter, for tests. */
  readonly spanProcessors?: SpanProcessor[] | undefined
  /** Instead of the OTLP metric exporter, for tests. */
  readonly metricReaders?: IMetricReader[] | undefined
}

/** Running telemetry. `shutdown` flushes for at most `flushMs` and never rejects. */
export type Telemetry = { shutdown(): Promise<void> }
