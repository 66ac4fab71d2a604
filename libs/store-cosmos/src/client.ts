import type { Container, ContainerRequest, CosmosClient, CosmosClientOptions } from '@azure/cosmos'
import { indexed } from './document.ts'

export type CosmosClientSettings = {
  readonly endpoint: string
  /** Regions in order of preference, by their display names: `West Europe`. Those of the account when absent. */
  readonly regions?: readonly string[]
  /** How long one request may take, in milliseconds; the store's own time-out should be no longer: 5,000. */
  readonly timeout?: number
} & (
  | { readonly key: string }
  /** Workload identity, for instance. */
  | { readonly credential: NonNullable<CosmosClientOptions['aadCredentials']> }
)

/**
 * A client for the store: it does not wait out throttling on its own, because the store does, and follows the account to another
 * region. `dispose` it in the end. The SDK is loaded only now.
 */
export async function createCosmosClient(settings: CosmosClientSettings): Promise<CosmosClient> {
  const { endpoint, regions = [], timeout = 5_000 } = settings
  const { CosmosClient } = await import('@azure/cosmos')
  const isOneNode = new URL(endpoint).protocol === 'http:'
  return new CosmosClient({
    endpoint,
    ...('key' in settings ? { key: settings.key } : { aadCredentials: settings.credential }),
    connectionPolicy: {
      requestTimeout: timeout,
      preferredLocations: [...regions],
      // A stand-in has no other region to turn to.
      enableEndpointDiscovery: !isOneNode,
      retryOptions: { maxRetryAttemptCount: 0, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 0 },
    },
  })
}

export interface ContainerSettings {
  readonly client: CosmosClient
  readonly database: string
  readonly container: string
  /** `orderId`. */
  readonly partitionProperty?: string
  /** Paths that the service's own queries look for: `/state/customer/?`. */
  readonly indexedPaths?: readonly string[]
}

/**
 * The container as the store wants it: indexed by nothing but what is queried, and expiring what says so itself.
 * For laptops and tests; in Azure the same is declared beside the service.
 */
export async function ensureContainer(settings: ContainerSettings): Promise<Container> {
  const { client, database: databaseId, container: id } = settings
  const { database } = await client.databases.createIfNotExists({ id: databaseId })
  const { container } = await database.containers.createIfNotExists({ id, ...containerDefinition(settings) })
  return container
}

/** What a container for the store is declared with, without its id. */
export function containerDefinition({
  partitionProperty = 'orderId',
  indexedPaths = [],
}: Pick<ContainerSettings, 'partitionProperty' | 'indexedPaths'> = {}) {
  const paths = [`/${partitionProperty}/?`, ...indexed.map((property) => `/${property}/?`), ...indexedPaths]
  return {
    partitionKey: { paths: [`/${partitionProperty}`], version: 2 },
    defaultTtl: -1,
    indexingPolicy: {
      indexingMode: 'consistent',
      automatic: true,
      includedPaths: paths.map((path) => ({ path })),
      excludedPaths: [{ path: '/*' }],
    },
  } satisfies Omit<ContainerRequest, 'id'>
}
