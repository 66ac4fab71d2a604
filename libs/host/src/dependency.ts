import type { Logger } from '@flotilla/telemetry/log'
import { breakerState, dependencyCalls } from '@flotilla/telemetry/metrics'
import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  decorrelatedJitterGenerator,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  IsolatedCircuitError,
  noop,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
} from 'cockatiel'

/** closed: calls go through. open: they are refused. half-open: one probes. */
export type BreakerState = 'closed' | 'half-open' | 'open'

/** What `/health/deps` shows of a dependency. */
export type DependencyStatus = {
  readonly name: string
  readonly state: 'up' | 'probing' | 'down'
  readonly breaker: BreakerState
  /** ISO time of the last change of state. */
  readonly since: string
  readonly lastError?: string
}

/** A dependency that did not answer. It is its fault, not that of the request or message at hand. */
export class DependencyUnavailable extends Error {
  readonly dependency: string
  /** `refused`: the breaker is open and nothing was sent. Otherwise the outcome on the other side is not known. */
  readonly reason: 'refused' | 'timeout' | 'failed'

  constructor(dependency: string, reason: DependencyUnavailable['reason'], cause: unknown) {
    super(`${dependency} is unavailable (${reason})`, { cause })
    this.name = 'DependencyUnavailable'
    this.dependency = dependency
    this.reason = reason
  }
}

/** How a dependency is called. Times in milliseconds. */
export type DependencyOptions = {
  readonly name: string
  /** For one attempt. */
  readonly timeoutMs: number
  /** Only for calls that may be repeated. `attempts` counts the repetitions; waits grow with decorrelated jitter. */
  readonly retry?:
    | { readonly attempts: number; readonly initialDelayMs?: number; readonly maxDelayMs?: number }
    | undefined
  /** Opens after so many failures in a row (default 5); probes after `probeAfterMs` (default 500), at most `probeAtMostMs` (5,000). */
  readonly breaker?:
    | { readonly failures?: number; readonly probeAfterMs?: number; readonly probeAtMostMs?: number }
    | undefined
  /** Which errors say that the dependency itself is in trouble. Others (a declined card) are answers and pass through. */
  readonly isFault?: ((error: unknown) => boolean) | undefined
  readonly logger?: Logger | undefined
  readonly now?: (() => number) | undefined
}

/** Something outside of this process, behind a timeout, bounded retries and a circuit breaker. */
export type Dependency = {
  readonly name: string
  /**
   * Makes a call; `signal` aborts it at the timeout. Throws `DependencyUnavailable` for what `isFault` calls a fault, a
   * timeout or an open breaker, and what the call threw otherwise. `once` keeps it from being repeated.
   */
  call<T>(fn: (signal: AbortSignal) => Promise<T>, options?: { once?: boolean; signal?: AbortSignal }): Promise<T>
  status(): DependencyStatus
  /** Calls back on each change of the breaker, until the returned function is called. */
  watch(listener: (state: BreakerState) => void): () => void
}

const NAMES: Record<CircuitState, BreakerState> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
}
const STATES = { closed: 'up', 'half-open': 'probing', open: 'down' } as const
const LEVELS = { closed: 0, 'half-open': 1, open: 2 } as const

/** The caller aborted: that says nothing about the dependency. */
class CallerGaveUp extends Error {
  constructor(cause: unknown) {
    super('the caller gave up', { cause })
  }
}

/** Whether an error counts against the dependency. */
const counts = (error: unknown, isFault: (error: unknown) => boolean) =>
  !(error instanceof CallerGaveUp) && (error instanceof TaskCancelledError || isFault(error))

const isRefusal = (error: unknown) => error instanceof BrokenCircuitError || error instanceof IsolatedCircuitError

function createBreaker({ breaker = {}, isFault = () => true }: DependencyOptions) {
  return circuitBreaker(
    handleWhen((error) => counts(error, isFault)),
    {
      breaker: new ConsecutiveBreaker(breaker.failures ?? 5),
      halfOpenAfter: new ExponentialBackoff({
        initialDelay: breaker.probeAfterMs ?? 500,
        maxDelay: breaker.probeAtMostMs ?? 5_000,
      }),
    },
  )
}

function createRetry({ retry: settings, isFault = () => true }: DependencyOptions): IPolicy {
  if (settings === undefined) return noop
  return retry(
    handleWhen((error) => !isRefusal(error) && counts(error, isFault)),
    {
      maxAttempts: settings.attempts,
      backoff: new ExponentialBackoff({
        generator: decorrelatedJitterGenerator,
        initialDelay: settings.initialDelayMs ?? 50,
        maxDelay: settings.maxDelayMs ?? 1_000,
      }),
    },
  )
}

/** Declares a dependency; it lives as long as the process. */
export function dependency(options: DependencyOptions): Dependency {
  const { name, isFault = () => true, logger, now = Date.now } = options
  const breaker = createBreaker(options)
  const repeated = createRetry(options)
  // Not aborted on return: what was returned may still be read, e.g. the body of a response.
  const limit = timeout(options.timeoutMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false })
  let state: BreakerState = 'closed'
  let since = now()
  let lastError: string | undefined

  breaker.onStateChange((changed) => {
    state = NAMES[changed]
    since = now()
    logger?.[state === 'open' ? 'error' : 'info'](
      { dependency: name, breaker: state, last_error: lastError },
      `${name}: breaker ${state}`,
    )
  })
  breakerState.observe((observe) => observe(LEVELS[state], { dependency: name }))

  const remember = (error: unknown): never => {
    if (isFault(error)) lastError = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw error
  }
  const attempt = <T>(fn: (signal: AbortSignal) => Promise<T>, outer: AbortSignal) =>
    breaker.execute(
      ({ signal }) =>
        limit
          .execute(({ signal: limited }) => fn(limited).catch(remember), signal)
          .catch((error: unknown) => {
            throw signal.aborted ? new CallerGaveUp(error) : error
          }),
      outer,
    )

  function translate(error: unknown): unknown {
    if (error instanceof CallerGaveUp) return error.cause
    const reason = isRefusal(error) ? 'refused' : error instanceof TaskCancelledError ? 'timeout' : 'failed'
    dependencyCalls.add(1, { dependency: name, outcome: reason === 'failed' ? 'failure' : reason })
    if (reason === 'timeout') lastError = `no answer within ${options.timeoutMs} ms`
    return reason === 'failed' && !isFault(error) ? error : new DependencyUnavailable(name, reason, error)
  }

  return {
    name,
    async call(fn, { once = false, signal } = {}) {
      try {
        const policy = once ? noop : repeated
        const result = await policy.execute(({ signal: outer }) => attempt(fn, outer), signal)
        dependencyCalls.add(1, { dependency: name, outcome: 'success' })
        return result
      } catch (error) {
        throw translate(error)
      }
    },
    status: () => ({
      name,
      state: STATES[state],
      breaker: state,
      since: new Date(since).toISOString(),
      ...(lastError !== undefined && state !== 'closed' && { lastError }),
    }),
    watch(listener) {
      const subscription = breaker.onStateChange((changed) => listener(NAMES[changed]))
      return () => subscription.dispose()
    },
  }
}
