import { parseQuery } from '../sql/parser.ts'
import { runQuery } from '../sql/run.ts'
import { type Answer, feedAnswer } from './answer.ts'
import { performBatch } from './batch.ts'
import { answerChanges } from './change-feed.ts'
import { metadataCharge, queryCharge } from './charge.ts'
import type { Container } from './container.ts'
import { flag, header, type Request } from './exchange.ts'
import type { Faults } from './faults.ts'
import type { Items, Operation } from './items.ts'
import { notAllowed } from './metadata.ts'
import { checkOrder } from './order-check.ts'
import { readPartition } from './partition-key.ts'
import { readPatch } from './patch.ts'
import { queryPlan, readCondition, readPaging, readQuerySpec } from './query-request.ts'
import { badRequest, unsupported } from './refusal.ts'
import { type Scope, searchIn } from './search.ts'
import type { Storage } from './storage.ts'

export interface ItemTools {
  readonly storage: Storage
  readonly items: Items
  readonly faults: Faults
  readonly now: () => number
}

/** Requests about items: `/dbs/{id}/colls/{id}/docs` and `.../docs/{id}`. */
export function answerItems(
  request: Request,
  container: Container,
  id: string | undefined,
  body: unknown,
  tools: ItemTools,
): Answer {
  for (const name of ['x-ms-documentdb-pre-trigger-include', 'x-ms-documentdb-post-trigger-include'])
    if (header(request, name) !== undefined) throw unsupported('A trigger is')
  if (header(request, 'x-ms-indexing-directive')?.toLowerCase() === 'exclude')
    throw unsupported('An item outside the index is')
  if (flag(request, 'x-ms-cosmos-is-query-plan-request'))
    return { status: 200, charge: metadataCharge, text: queryPlan, container }
  if (flag(request, 'x-ms-cosmos-is-batch-request')) return answerBatch(request, container, body, tools)
  tools.faults.strike()
  if (id === undefined && (request.method === 'GET' || flag(request, 'x-ms-documentdb-isquery')))
    return answerFeed(request, container, body, tools)
  const outcome = tools.items.perform(container, readOperation(request, container, id, body))
  const { status, charge, etag, text } = outcome
  return { status, charge, text: text ?? '', container, ...(etag !== undefined && { headers: { etag } }) }
}

function answerBatch(request: Request, container: Container, body: unknown, tools: ItemTools): Answer {
  const options = {
    isAtomic: flag(request, 'x-ms-cosmos-batch-atomic'),
    continueOnError: flag(request, 'x-ms-cosmos-batch-continue-on-error'),
    isMinimal: header(request, 'prefer')?.toLowerCase() === 'return=minimal',
    partition: wholePartition(request, container),
  }
  return { ...performBatch(container, body, options, { ...tools, readCondition }), container }
}

function answerFeed(request: Request, container: Container, body: unknown, { storage, now }: ItemTools): Answer {
  if (header(request, 'a-im') !== undefined)
    return answerChanges(request, container, readScope(request, container), { storage, now })
  if (header(request, 'x-ms-start-epk') !== undefined) throw unsupported('A query on a part of the key range is')
  const { text, parameters } =
    request.method === 'GET' ? { text: 'SELECT * FROM c', parameters: new Map() } : readQuerySpec(body)
  const query = parseQuery(text)
  checkOrder(container, query.orders)
  const source = searchIn(storage, container, { query, parameters, scope: readScope(request, container), now: now() })
  const page = runQuery(query, parameters, source, readPaging(request))
  return {
    ...feedAnswer('Documents', container.rid, { ...page, charge: queryCharge(page.scanned, page.size) }),
    container,
  }
}

function readScope(request: Request, container: Container): Scope {
  const text = header(request, 'x-ms-documentdb-partitionkey')
  if (text === undefined) return { partition: undefined, isPrefix: false }
  return readPartition(text, container.keyPaths)
}

/** Undefined when the request names none. Throws a Refusal for a part of a hierarchical key. */
function wholePartition(request: Request, container: Container): string | undefined {
  const { partition, isPrefix } = readScope(request, container)
  if (isPrefix)
    throw badRequest(`The partition key ${partition} is not complete: it has ${container.keyPaths.length} paths.`)
  return partition
}

function readOperation(request: Request, container: Container, id: string | undefined, body: unknown): Operation {
  const partition = wholePartition(request, container)
  const conditions = { ifMatch: header(request, 'if-match'), ifNoneMatch: header(request, 'if-none-match') }
  if (id === undefined) {
    if (request.method !== 'POST') throw notAllowed(request)
    const kind = flag(request, 'x-ms-documentdb-is-upsert') ? 'upsert' : 'create'
    return { kind, partition, body, ...conditions }
  }
  if (partition === undefined) throw badRequest('PartitionKey value must be supplied for this operation.')
  const place = { partition, id, ...conditions }
  switch (request.method) {
    case 'GET':
      return { kind: 'read', ...place }
    case 'PUT':
      return { kind: 'replace', body, ...place }
    case 'PATCH':
      return { kind: 'patch', patch: readPatch(body, readCondition), ...place }
    case 'DELETE':
      return { kind: 'delete', ...place }
    default:
      throw notAllowed(request)
  }
}
