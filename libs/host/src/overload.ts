import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '@flotilla/decider/clock'
import { requestsShed } from '@flotilla/telemetry/metrics'
import { Problem } from './problem.ts'

/** Why a request is refused, and when to come back. */
export type Shedding = { readonly reason: string; readonly detail: string; readonly retryAfterSeconds: number }

/** When to refuse. Times in milliseconds. */
export type OverloadOptions = {
  readonly clock: Clock
  /** Refuse while, at two looks in a row, half of the event loop's turns took longer than this; default 250. */
  readonly maxLoopDelayMs?: number | undefined
  /** And only while more requests than this are being answered; default 32. */
  readonly crowd?: number | undefined
  /** How often the loop is looked at; default 500. */
  readonly sampleMs?: number | undefined
  /** Further reasons, e.g. a backlog so old that a new order would miss its deadline. Asked for each request: be quick. */
  readonly check?: (() => Shedding | undefined) | undefined
  /** The median delay of the loop since the last look; for tests. */
  readonly loopDelayMs?: (() => number) | undefined
}

/** Refuses requests before the event loop drowns. */
export type Overload = {
  /** A 503 with Retry-After when this request, with `inFlight` others, should not be taken on. */
  refusal(inFlight: number): Problem | undefined
  close(): void
}

const RESOLUTION_MS = 10

/**
 * The median, not the mean or maximum: one long collection of garbage is no overload, half of all turns being slow is.
 * Utilisation is no measure either: a process at its best throughput is never idle.
 */
function loopDelay() {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  return {
    read() {
      const median = histogram.count === 0 ? 0 : histogram.percentile(50) / 1e6 - RESOLUTION_MS
      histogram.reset()
      return median
    },
    close: () => histogram.disable(),
  }
}

/**
 * Watches the event loop until `close`. A slow loop with few requests is a processor that others took: the few get their answer late, and
 * refusing them frees nothing.
 */
export function createOverload(options: OverloadOptions): Overload {
  const { clock, maxLoopDelayMs = 250, crowd = 32, sampleMs = 500, check } = options
  const measured = options.loopDelayMs === undefined ? loopDelay() : undefined
  const read = options.loopDelayMs ?? measured?.read ?? (() => 0)
  let wasSlow = false
  let isSlow = false
  const look = () => {
    const isSlowNow = read() > maxLoopDelayMs
    // Twice in a row: one pause of the whole process may be all that there was between two looks.
    isSlow = wasSlow && isSlowNow
    wasSlow = isSlowNow
    cancel = clock.after(sampleMs, look)
  }
  let cancel = clock.after(sampleMs, look)

  const busy: Shedding = { reason: 'event-loop', detail: 'This replica has too much to do.', retryAfterSeconds: 1 }
  return {
    refusal(inFlight) {
      const shedding = isSlow && inFlight > crowd ? busy : check?.()
      if (shedding === undefined) return undefined
      requestsShed.add(1, { reason: shedding.reason })
      return new Problem('overloaded', {
        status: 503,
        title: 'Too much to do',
        detail: `${shedding.detail} Try again in ${shedding.retryAfterSeconds} s; nothing was stored.`,
        headers: { 'retry-after': String(shedding.retryAfterSeconds) },
      })
    },
    close() {
      cancel()
      measured?.close()
    },
  }
}
