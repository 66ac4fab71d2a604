import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Container,
  type ContainerRequest,
  CosmosClient,
  type ErrorResponse,
  type IndexingPolicy,
} from '@azure/cosmos'
import { onTestFinished } from 'vitest'
import { type Cosmos, type CosmosOptions, startCosmos } from '../src/server.ts'

/** A server of its own on a free port, with a client that tries nothing again. */
export async function startTestCosmos(options: CosmosOptions = {}): Promise<{ cosmos: Cosmos; client: CosmosClient }> {
  const cosmos = await startCosmos({ faults: true, ...options })
  const client = clientOf(cosmos)
  onTestFinished(async () => {
    client.dispose()
    await cosmos.close()
  })
  return { cosmos, client }
}

export function clientOf({ endpoint, key }: Pick<Cosmos, 'endpoint' | 'key'>, retries = 0): CosmosClient {
  const retryOptions = { maxRetryAttemptCount: retries, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 5 }
  return new CosmosClient({ endpoint, key, connectionPolicy: { enableEndpointDiscovery: false, retryOptions } })
}

/** An empty container, partitioned by `/pk` unless told otherwise. */
export async function emptyContainer(
  settings: Partial<ContainerRequest> = {},
  options: CosmosOptions = {},
): Promise<{ cosmos: Cosmos; client: CosmosClient; container: Container }> {
  const { cosmos, client } = await startTestCosmos(options)
  const { database } = await client.databases.createIfNotExists({ id: 'd' })
  const { container } = await database.containers.createIfNotExists({
    id: 'c',
    partitionKey: { paths: ['/pk'] },
    ...settings,
  })
  return { cosmos, client, container }
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cosmos-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What the service answered to a call that must be refused. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<{ code: unknown; message: string; error: ErrorResponse }> {
  const result = await call.then(
    (value) => ({ value }),
    (error: ErrorResponse) => ({ error }),
  )
  if ('value' in result) throw new Error(`it was not refused but answered ${JSON.stringify(result.value)}`)
  const { error } = result
  return { code: error.code, message: error.message, error }
}

export const composite = (...paths: [string, 'ascending' | 'descending'][]) =>
  paths.map(([path, order]) => ({ path, order }))
/** All paths, and what the tests sort by at once. */
export const indexingPolicy = {
  includedPaths: [{ path: '/*' }],
  compositeIndexes: [
    composite(['/s', 'ascending'], ['/n', 'descending']),
    composite(['/group', 'descending'], ['/n', 'ascending']),
  ],
} as IndexingPolicy
