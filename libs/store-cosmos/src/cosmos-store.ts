import type { Clock } from '@flotilla/decider/clock'
import { type CosmosDocumentsOptions, cosmosDocuments } from './cosmos.ts'
import { createDocumentStore, type DocumentStore, type DocumentStoreOptions } from './store.ts'

export type CosmosStoreOptions<Row> = Omit<DocumentStoreOptions<Row>, 'documents'> &
  CosmosDocumentsOptions & { readonly clock: Clock }

/** A service's database in a container of Cosmos DB. */
export const createCosmosStore = <Row>(options: CosmosStoreOptions<Row>): DocumentStore<Row> =>
  createDocumentStore({ ...options, documents: cosmosDocuments(options) })
