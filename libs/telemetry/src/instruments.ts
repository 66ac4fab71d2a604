import { type Attributes, type MetricOptions, metrics, type ObservableResult } from '@opentelemetry/api'
import { currentGeneration, isMetered, onProvidersChanged, SCOPE } from './registry.ts'

/** Something that is counted. Costs a comparison when no metrics leave the process. */
export type Counter = { add(value: number, attributes?: Attributes): void }

/** Something that is measured again and again. */
export type Histogram = {
  record(value: number, attributes?: Attributes): void
  /** False when no metrics leave the process: then there is no need to look at the clock. */
  isRecorded(): boolean
}

/** Something that is asked for when metrics leave. */
export type Gauge = {
  /** Has `read` asked at each export, until the returned function is called. */
  observe(read: (observe: (value: number, attributes?: Attributes) => void) => void | Promise<void>): () => void
}

/**
 * The API's instruments belong to the meter provider of the moment they were made, and instruments declared at import
 * time are made before any. These are made on first use after each change of providers.
 */
function onFirstUse<T>(make: () => T): () => T {
  let made: T | undefined
  let madeAt = -1
  return () => {
    if (made === undefined || madeAt !== currentGeneration()) {
      made = make()
      madeAt = currentGeneration()
    }
    return made
  }
}

const meter = () => metrics.getMeter(SCOPE)

/** Declares a counter. */
export function counter(name: string, options: MetricOptions): Counter {
  const instrument = onFirstUse(() => meter().createCounter(name, options))
  return { add: (value, attributes) => void (isMetered() && instrument().add(value, attributes)) }
}

/** Declares a counter that also goes down. */
export function upDownCounter(name: string, options: MetricOptions): Counter {
  const instrument = onFirstUse(() => meter().createUpDownCounter(name, options))
  return { add: (value, attributes) => void (isMetered() && instrument().add(value, attributes)) }
}

/** Declares a histogram. Durations are in seconds, as the semantic conventions have them. */
export function histogram(name: string, options: MetricOptions): Histogram {
  const instrument = onFirstUse(() => meter().createHistogram(name, options))
  return {
    record: (value, attributes) => void (isMetered() && instrument().record(value, attributes)),
    isRecorded: isMetered,
  }
}

/** Declares a gauge. */
export function gauge(name: string, options: MetricOptions): Gauge {
  const instrument = onFirstUse(() => meter().createObservableGauge(name, options))
  return {
    observe(read) {
      const callback = (result: ObservableResult) => read((value, attributes) => result.observe(value, attributes))
      let watching = true
      let watched: ReturnType<typeof instrument> | undefined
      const watch = () => {
        if (!watching) return
        watched = instrument()
        watched.addCallback(callback)
      }
      watch()
      const forget = onProvidersChanged(watch)
      return () => {
        watching = false
        forget()
        watched?.removeCallback(callback)
      }
    },
  }
}
