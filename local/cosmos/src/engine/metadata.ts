import { parseQuery } from '../sql/parser.ts'
import { runQuery } from '../sql/run.ts'
import { type Answer, feedAnswer } from './answer.ts'
import type { Catalog } from './catalog.ts'
import { metadataCharge } from './charge.ts'
import { readDefinition } from './container.ts'
import type { Documents } from './documents.ts'
import { flag, header, type Request } from './exchange.ts'
import { isObject, type JsonObject } from './json.ts'
import { readPaging, readQuerySpec } from './query-request.ts'
import { badRequest, Refusal, unsupported } from './refusal.ts'
import type { Route } from './route.ts'

export interface MetadataTools {
  readonly catalog: Catalog
  readonly documents: Documents
  readonly now: () => number
}

const answer = (status: number, shown?: JsonObject): Answer => ({
  status,
  charge: metadataCharge,
  text: shown ? JSON.stringify(shown) : '',
  headers: shown ? { etag: String(shown._etag) } : {},
})

/** Requests about databases: `/dbs` and `/dbs/{id}`. */
export function answerDatabases(
  request: Request,
  { database }: Route,
  body: unknown,
  { catalog, now }: MetadataTools,
): Answer {
  if (database === undefined) {
    const all = catalog.databases().map((each) => catalog.showDatabase(each))
    if (request.method === 'GET') return listed(request, 'Databases', '', all)
    if (request.method !== 'POST') throw notAllowed(request)
    if (flag(request, 'x-ms-documentdb-isquery')) return listed(request, 'Databases', '', all, body)
    if (!isObject(body)) throw badRequest('A database must be a JSON object with an id.')
    return answer(201, catalog.showDatabase(catalog.createDatabase(body.id as string, now())))
  }
  if (request.method === 'GET') return answer(200, catalog.showDatabase(catalog.database(database)))
  if (request.method !== 'DELETE') throw notAllowed(request)
  catalog.deleteDatabase(database)
  return answer(204)
}

/** Requests about containers: `/dbs/{id}/colls` and `/dbs/{id}/colls/{id}`. */
export function answerContainers(
  request: Request,
  { database, container: id }: Route,
  body: unknown,
  tools: MetadataTools,
): Answer {
  const { catalog, documents, now } = tools
  const owner = catalog.database(database as string)
  if (id === undefined) {
    const all = () => catalog.containers(owner.id).map((each) => catalog.showContainer(each))
    if (request.method === 'GET') return listed(request, 'DocumentCollections', owner.rid, all())
    if (request.method !== 'POST') throw notAllowed(request)
    if (flag(request, 'x-ms-documentdb-isquery')) return listed(request, 'DocumentCollections', owner.rid, all(), body)
    if (!isObject(body)) throw badRequest('A container must be a JSON object with an id and a partitionKey.')
    const created = catalog.createContainer(owner.id, readDefinition(body), now())
    return { ...answer(201, catalog.showContainer(created)), container: created }
  }
  const container = catalog.container(owner.id, id)
  if (request.method === 'GET') return { ...answer(200, catalog.showContainer(container)), container }
  if (request.method === 'DELETE') {
    catalog.deleteContainer(container)
    return answer(204)
  }
  if (request.method !== 'PUT') throw notAllowed(request)
  if (!isObject(body)) throw badRequest('A container must be a JSON object with an id and a partitionKey.')
  const { defaultTtl } = container.definition
  catalog.replaceContainer(container, readDefinition(body), now())
  if (container.definition.defaultTtl !== defaultTtl) documents.expireAnew(container)
  return { ...answer(200, catalog.showContainer(container)), container }
}

/** The one physical partition of every container. */
export function answerRanges(request: Request, { database, container: id }: Route, { catalog }: MetadataTools): Answer {
  if (request.method !== 'GET') throw notAllowed(request)
  const container = catalog.container(database as string, id as string)
  const etag = '"1"'
  // Clients ask again with what they had, until nothing has changed.
  if (header(request, 'if-none-match') === etag) throw new Refusal(304, 'The ranges have not changed.')
  const range = {
    id: '0',
    minInclusive: '',
    maxExclusive: 'FF',
    ridPrefix: 0,
    throughputFraction: 1,
    status: 'online',
    parents: [],
    _rid: container.rid,
  }
  const results = [JSON.stringify(range)]
  const feed = feedAnswer('PartitionKeyRanges', container.rid, {
    results,
    continuation: undefined,
    charge: metadataCharge,
  })
  return { ...feed, headers: { ...feed.headers, etag }, container }
}

function listed(request: Request, name: string, rid: string, all: readonly JsonObject[], body?: unknown): Answer {
  const { text, parameters } =
    body === undefined ? { text: 'SELECT * FROM c', parameters: new Map() } : readQuerySpec(body)
  const rows = all.map((each, index) => ({ n: index + 1, text: JSON.stringify(each) }))
  const source = { isExact: false, rows: (after: number) => rows.slice(after) }
  const { results, continuation } = runQuery(parseQuery(text), parameters, source, readPaging(request))
  return feedAnswer(name, rid, { results, continuation, charge: metadataCharge })
}

/** What clients read of the account before anything else. */
export function accountAnswer(endpoint: string): Answer {
  const locations = [{ name: 'Local', databaseAccountEndpoint: endpoint }]
  const account = {
    _self: '',
    id: 'flotilla',
    _rid: 'flotilla',
    media: '//media/',
    addresses: '//addresses/',
    _dbs: '//dbs/',
    writableLocations: locations,
    readableLocations: locations,
    enableMultipleWriteLocations: false,
    userReplicationPolicy: { asyncReplication: false, minReplicaSetSize: 1, maxReplicasetSize: 1 },
    userConsistencyPolicy: { defaultConsistencyLevel: 'Session' },
    systemReplicationPolicy: { minReplicaSetSize: 1, maxReplicasetSize: 1 },
    readPolicy: { primaryReadCoefficient: 1, secondaryReadCoefficient: 1 },
    queryEngineConfiguration: '{}',
  }
  return { status: 200, charge: metadataCharge, text: JSON.stringify(account) }
}

export function notAllowed({ method, path }: Request): Refusal {
  const { message } = unsupported(`${method} on '${path}' is`)
  return new Refusal(405, message)
}
