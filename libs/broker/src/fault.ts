import { DeadLetter } from './broker.ts'

/** Whose fault it is that a listener threw. */
export type Fault =
  | { readonly kind: 'dependency' }
  | { readonly kind: 'hopeless'; readonly reason: string; readonly description: string }
  | { readonly kind: 'message' }

// By name, so that a store or a service may bring its own class, and two copies of a package are one.
const dependencyFaults = new Set(['Unavailable', 'DependencyUnavailable', 'BrokerUnavailable'])
const mostCauses = 8

function isDependencyFault(error: unknown): boolean {
  let at = error
  for (let depth = 0; at instanceof Error && depth < mostCauses; depth++) {
    if (dependencyFaults.has(at.name)) return true
    at = at.cause
  }
  return false
}

export function faultOf(error: unknown): Fault {
  if (error instanceof DeadLetter || (error instanceof Error && error.name === 'Unreadable')) {
    const { reason } = error as Error & { readonly reason?: unknown }
    return { kind: 'hopeless', reason: String(reason ?? error.name), description: error.message }
  }
  return isDependencyFault(error) ? { kind: 'dependency' } : { kind: 'message' }
}

export const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)

/** The SDK throws the errors of all its tries: the last one says most. */
export const lastOf = (error: unknown): unknown =>
  error instanceof AggregateError ? (error.errors.at(-1) ?? error) : error
