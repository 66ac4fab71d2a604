import { isBrokenCircuitError, isBulkheadRejectedError, isTaskCancelledError } from 'cockatiel'

/**
 * Whether an error says that a dependency is away rather than that it refused what it was given: `Unavailable`, an open
 * breaker, a time-out, or an error of an Azure SDK that calls itself retryable. Looks through `cause`.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'Unavailable' || error.name === 'TimeoutError') return true
  if (isBrokenCircuitError(error) || isTaskCancelledError(error) || isBulkheadRejectedError(error)) return true
  if ('retryable' in error && error.retryable === true) return true
  return error.cause !== undefined && error.cause !== error && isOutage(error.cause)
}
