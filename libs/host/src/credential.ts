import type { TokenCredential } from '@azure/identity'

let shared: Promise<TokenCredential> | undefined

/** The one credential of the process: workload identity in a cluster. Loaded when it is first needed (it costs 0.1 s). */
export function azureCredential(): Promise<TokenCredential> {
  shared ??= import('@azure/identity').then(({ DefaultAzureCredential }) => new DefaultAzureCredential())
  return shared
}
