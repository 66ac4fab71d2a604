import { cacheLookups } from '@flotilla/telemetry/metrics'
import { createCache } from 'async-cache-dedupe'

export interface CacheOptions<Value> {
  /** For the metric. */
  readonly name: string
  /** Seconds; at most 2, because replicas do not tell each other what changed. */
  readonly ttl: number
  /** Most entries; those used longest ago go first. */
  readonly size?: number
  /** Whether a value may be kept; what is not there may be there in a moment. */
  readonly keep?: (value: Value) => boolean
}

/** A read behind a cache: one look-up for concurrent misses, refreshed in the background while the old value is served. */
export type Cache = <Value>(
  options: CacheOptions<Value>,
  load: (key: string) => Promise<Value>,
) => (key: string) => Promise<Value>

/** In the memory of this process. */
export const memoryCache: Cache = (options, load) => {
  const { name, ttl, size = 10_000, keep = () => true } = options
  const count = (outcome: string) => () => cacheLookups.add(1, { cache: name, outcome })
  const cache = createCache({
    // Half of its life a value is fresh; in the other half it is served while it is fetched again.
    ttl: (value) => (keep(value as never) ? ttl / 2 : 0),
    stale: (value) => (keep(value as never) ? ttl / 2 : 0),
    storage: { type: 'memory', options: { size } },
    onHit: count('hit'),
    onMiss: count('miss'),
    onDedupe: count('dedupe'),
  }).define('load', { serialize: (key: string) => key }, load)
  return (key) => cache.load(key)
}

/** No cache: each read is a look-up. For simulations, where time is not real. */
export const noCache: Cache = (_options, load) => load
