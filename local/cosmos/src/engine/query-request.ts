import { z } from 'zod'
import { evaluate, type Parameters } from '../sql/evaluate.ts'
import { parseCondition } from '../sql/parser.ts'
import { header, type Request } from './exchange.ts'
import type { JsonObject } from './json.ts'
import { badRequest } from './refusal.ts'

const spec = z.strictObject({
  query: z.string().max(512 * 1024),
  parameters: z.array(z.strictObject({ name: z.string().regex(/^@\w+$/), value: z.json() })).nullish(),
})

/** Reads the body of a query. Throws a Refusal. */
export function readQuerySpec(body: unknown): { text: string; parameters: Parameters } {
  const result = spec.safeParse(body)
  if (!result.success) {
    const issues = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw badRequest(`The query is invalid: ${issues.join('; ')}`)
  }
  const { query, parameters } = result.data
  return { text: query, parameters: new Map((parameters ?? []).map(({ name, value }) => [name, value])) }
}

/** Reads `x-ms-max-item-count`: 100 when absent, and as many as fit into a page when it is -1. Throws a Refusal. */
export function readPaging(request: Request): { continuation: string | undefined; atMost: number } {
  const text = header(request, 'x-ms-max-item-count') ?? '100'
  const count = Number(text)
  if (!Number.isInteger(count) || count === 0 || count < -1)
    throw badRequest(
      `The value '${text}' of the header x-ms-max-item-count is invalid: a positive integer or -1 is needed.`,
    )
  return { continuation: header(request, 'x-ms-continuation'), atMost: count === -1 ? Number.POSITIVE_INFINITY : count }
}

const none: Parameters = new Map()

/** The condition of a patch. Throws a Refusal. */
export function readCondition(text: string): (document: JsonObject) => boolean {
  const where = parseCondition(text)
  return (document) => evaluate(where, document, none) === true
}

/**
 * The plan of every query: one range, and nothing left for the client to do, because the whole query is run here. Clients ask for
 * it beside each query and look at it only when they must.
 */
export const queryPlan = JSON.stringify({
  partitionedQueryExecutionInfoVersion: 2,
  queryInfo: {
    distinctType: 'None',
    top: null,
    offset: null,
    limit: null,
    orderBy: [],
    orderByExpressions: [],
    groupByExpressions: [],
    groupByAliases: [],
    aggregates: [],
    groupByAliasToAggregateType: {},
    rewrittenQuery: '',
    hasSelectValue: false,
    hasNonStreamingOrderBy: false,
  },
  queryRanges: [{ min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }],
})
