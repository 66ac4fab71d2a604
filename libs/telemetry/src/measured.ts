import type { Attributes } from '@opentelemetry/api'
import { ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions'
import type { Histogram } from './instruments.ts'
import { errorType } from './spans.ts'

/** Runs `fn` and records how many seconds it took, with `error.type` when it failed. */
export function measured<T>(histogram: Histogram, attributes: Attributes, fn: () => Promise<T>): Promise<T> {
  return histogram.isRecorded() ? timed(histogram, attributes, fn) : fn()
}

async function timed<T>(histogram: Histogram, attributes: Attributes, fn: () => Promise<T>): Promise<T> {
  const start = performance.now()
  try {
    const result = await fn()
    histogram.record((performance.now() - start) / 1_000, attributes)
    return result
  } catch (error) {
    histogram.record((performance.now() - start) / 1_000, { ...attributes, [ATTR_ERROR_TYPE]: errorType(error) })
    throw error
  }
}

/** The same for what returns at once. */
export function measuredSync<T>(histogram: Histogram, attributes: Attributes, fn: () => T): T {
  if (!histogram.isRecorded()) return fn()
  const start = performance.now()
  let failure: Attributes | undefined
  try {
    return fn()
  } catch (error) {
    failure = { ...attributes, [ATTR_ERROR_TYPE]: errorType(error) }
    throw error
  } finally {
    histogram.record((performance.now() - start) / 1_000, failure ?? attributes)
  }
}
