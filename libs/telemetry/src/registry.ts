import {
  context,
  type MeterProvider,
  metrics,
  propagation,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { traceparentPropagator } from './traceparent.ts'

/** The name of the instrumentation scope that all spans and metrics of this repository are under. */
export const SCOPE = '@flotilla/telemetry'

type Providers = { readonly tracers: TracerProvider; readonly meters?: MeterProvider | undefined }

const stack: Providers[] = []
const listeners = new Set<() => void>()
let tracer: Tracer = trace.getTracer(SCOPE)
let generation = 0

/** The tracer of the providers installed last. Ask for it on each use: tests change it. */
export const currentTracer = (): Tracer => tracer

/** Grows with every change of providers, so that instruments know when to be made again. */
export const currentGeneration = (): number => generation

/** True when some providers are installed, exporting or not. */
export const isInstalled = (): boolean => stack.length > 0

/** Calls back after each change of providers, until the returned function is called. */
export function onProvidersChanged(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Nobody is called back any more: for a simulation, whose processes die without a word. */
export function forgetListeners(): void {
  listeners.clear()
}

/** True when metrics leave this process. */
export const isMetered = (): boolean => stack.at(-1)?.meters !== undefined

/** Sets the context manager and propagator, once in the life of a process. */
let prepared = false
export function prepareContext(): void {
  if (prepared) return
  prepared = true
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(traceparentPropagator)
}

function apply(): void {
  trace.disable()
  metrics.disable()
  const top = stack.at(-1)
  if (top !== undefined) trace.setGlobalTracerProvider(top.tracers)
  if (top?.meters !== undefined) metrics.setGlobalMeterProvider(top.meters)
  tracer = trace.getTracer(SCOPE)
  generation++
  for (const listener of listeners) listener()
}

/** Puts providers in force until the returned function takes them out again; those before are back then. */
export function install(providers: Providers): () => void {
  prepareContext()
  stack.push(providers)
  apply()
  return () => {
    const at = stack.indexOf(providers)
    if (at < 0) return
    stack.splice(at, 1)
    apply()
  }
}
