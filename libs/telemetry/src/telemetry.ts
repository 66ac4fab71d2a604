import type { Telemetry, TelemetryOptions } from './options.ts'
import { install, isInstalled } from './registry.ts'
import { unexportedProvider } from './unexported.ts'

/**
 * Starts tracing and metrics of this process. Call it before anything else is started. Without an endpoint nothing is
 * exported and the SDK is not even imported (it costs 0.3 s); spans have ids all the same.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  if (options.endpoint !== undefined || options.spanProcessors !== undefined || options.metricReaders !== undefined) {
    const { startExporting } = await import('./exporting.ts')
    return startExporting(options)
  }
  // Whoever collects spans already (a test around several services in one process) goes on doing so.
  const uninstall = isInstalled() ? () => {} : install({ tracers: unexportedProvider })
  return { shutdown: async () => uninstall() }
}
