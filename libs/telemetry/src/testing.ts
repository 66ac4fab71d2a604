import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { install } from './registry.ts'

/** The spans that ended since the start or the last reset, oldest end first. */
export type CollectedSpans = {
  spans(): ReadableSpan[]
  reset(): void
  shutdown(): Promise<void>
}

/** For tests: records every span of this process in memory until `shutdown`. */
export function collectSpans(): CollectedSpans {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  })
  const uninstall = install({ tracers: provider })
  return {
    spans: () => exporter.getFinishedSpans(),
    reset: () => exporter.reset(),
    async shutdown() {
      uninstall()
      await provider.shutdown()
    },
  }
}
