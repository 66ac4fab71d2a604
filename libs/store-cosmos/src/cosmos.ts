import type {
  Container,
  ErrorResponse,
  JSONObject,
  OperationInput,
  OperationResponse,
  SqlQuerySpec,
} from '@azure/cosmos'
import { type Clock, systemClock } from '@flotilla/decider/clock'
import { Unavailable } from '@flotilla/decider/store'
import { withDatabaseSpan } from '@flotilla/telemetry/calls'
import { requestUnits } from '@flotilla/telemetry/metrics'
import type { Answer, Body, Documents, Operation, Query } from './documents.ts'

export interface CosmosDocumentsOptions {
  /** From a client of `createCosmosClient`, which whoever made it disposes of. */
  readonly container: Container
  /** For time-outs; the system's when absent. */
  readonly clock?: Clock | undefined
  /** How long one request may take, in milliseconds: 5,000. */
  readonly timeout?: number | undefined
  /** What a request cost, in request units; they are a metric already. */
  readonly onCharge?: ((operation: string, requestUnits: number) => void) | undefined
  /**
   * Wraps every request, for a circuit breaker: a request throws when the database is away, and only then. What the guard
   * throws instead is `Unavailable` too.
   */
  readonly guard?: Guard | undefined
}

export type Guard = <T>(run: () => Promise<T>) => Promise<T>

const timeoutDefault = 5_000

/** The documents of a container, through the SDK. Nothing is tried again here. */
export const cosmosDocuments = (options: CosmosDocumentsOptions): Documents => new CosmosDocuments(options)

class CosmosDocuments implements Documents {
  readonly #options: CosmosDocumentsOptions
  readonly #container: Container

  constructor(options: CosmosDocumentsOptions) {
    this.#options = options
    this.#container = options.container
  }

  bulk(operations: readonly Operation[], purpose: string): Promise<readonly Answer[]> {
    return withDatabaseSpan(this.#span('execute_bulk', purpose, operations.length), () =>
      this.#guarded(() => this.#bulk(operations)),
    )
  }

  query(query: Query, purpose: string) {
    return withDatabaseSpan(this.#span('query_items', purpose), () => this.#guarded(() => this.#query(query)))
  }

  async #bulk(operations: readonly Operation[]): Promise<Answer[]> {
    const inputs = operations.map(inputOf)
    // Written documents need not come back.
    const settings = operations.some(({ type }) => type === 'read') ? {} : { contentResponseOnWriteEnabled: false }
    try {
      const responses = await this.#request((abortSignal) =>
        // `executeBulkOperations`, which deprecates this, waits a second in each call before it answers.
        this.#container.items.bulk(inputs, { continueOnError: true }, { ...settings, abortSignal }),
      )
      const units = responses.reduce((sum, { requestCharge }) => sum + requestCharge, 0)
      this.#charge('execute_bulk', units)
      return responses.map(answerOf)
    } catch (error) {
      const answer = asAnswer(error)
      return operations.map(() => answer)
    }
  }

  async #query(query: Query) {
    const found: Body[] = []
    let units = 0
    try {
      await this.#request(async (abortSignal) => {
        const pages = this.#container.items.query<Body>(toSql(query), { abortSignal })
        while (pages.hasMoreResults()) {
          const { resources, requestCharge } = await pages.fetchNext()
          units += requestCharge
          found.push(...(resources ?? []))
        }
      })
    } catch (error) {
      return { ...asAnswer(error), found: [] }
    }
    this.#charge('query_items', units)
    return { status: 200, found }
  }

  /** An answer, or `Unavailable` when there is none in time. What was sent may still be done by the server. */
  #request<T>(run: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock = systemClock, timeout = timeoutDefault } = this.#options
    return new Promise<T>((resolve, reject) => {
      const abort = new AbortController()
      const cancel = clock.after(timeout, () => {
        reject(new Unavailable(`Cosmos DB did not answer within ${timeout} ms`))
        abort.abort()
      })
      run(abort.signal).then(resolve, reject).finally(cancel)
    })
  }

  async #guarded<T>(run: () => Promise<T>): Promise<T> {
    const { guard } = this.#options
    if (!guard) return run()
    try {
      return await guard(run)
    } catch (error) {
      throw error instanceof Unavailable ? error : unavailable(error)
    }
  }

  #charge(operation: string, units: number) {
    requestUnits.record(units, { 'azure.cosmosdb.operation.name': operation })
    this.#options.onCharge?.(operation, units)
  }

  #span(operation: string, purpose: string, batchSize?: number) {
    const { id, database } = this.#container
    const summary = `${purpose} ${id}`
    return { system: 'azure.cosmosdb', operation, summary, namespace: database.id, collection: id, batchSize } as const
  }
}

function inputOf(operation: Operation): OperationInput {
  const { id, partition: partitionKey } = operation
  if (operation.type === 'read') return { operationType: 'Read', id, partitionKey }
  const resourceBody = operation.body as JSONObject
  if (operation.type === 'create') return { operationType: 'Create', partitionKey, resourceBody }
  return { operationType: 'Replace', id, partitionKey, resourceBody, ifMatch: operation.etag }
}

function answerOf(response: OperationResponse & { retryAfterMilliseconds?: number }): Answer {
  const { statusCode, eTag, resourceBody, retryAfterMilliseconds } = response
  return { status: statusCode, etag: eTag, body: resourceBody as Body | undefined, retryAfter: retryAfterMilliseconds }
}

/** Names come from this store's own code, values are parameters. */
function toSql({ where, holding, orderBy, limit }: Query): SqlQuerySpec {
  const { property, atMost } = where
  const parameters: NonNullable<SqlQuerySpec['parameters']> = []
  const parameter = (name: string, value: string | number | JSONObject) => {
    parameters.push({ name, value })
    return name
  }
  const top = limit === undefined ? '' : `TOP ${parameter('@limit', limit)} `
  const bound = atMost === undefined ? `IS_DEFINED(c.${property})` : `c.${property} <= ${parameter('@atMost', atMost)}`
  const holds = holding?.ids.map(
    (id, index) => `ARRAY_CONTAINS(c.${holding.list}, ${parameter(`@id${index}`, { id })}, true)`,
  )
  const filter = holds ? `${bound} AND (${holds.join(' OR ')})` : bound
  const order = orderBy ? ` ORDER BY c.${orderBy}` : ''
  return { query: `SELECT ${top}* FROM c WHERE ${filter}${order}`, parameters }
}

/** A whole request that failed. What says nothing about the request itself is thrown as `Unavailable`. */
function asAnswer(error: unknown): Answer {
  if (error instanceof Unavailable) throw error
  const cause = (error instanceof Error && error.cause ? error.cause : error) as Partial<ErrorResponse>
  const { code, message, retryAfterInMs: retryAfter } = cause
  if (code === 429 || code === 449) return { status: code, retryAfter, message }
  // 401, 403: a key or a role is missing. 404: the container is. Neither is the fault of what was asked.
  if (typeof code === 'number' && code >= 400 && code < 500 && ![401, 403, 404, 408, 410].includes(code))
    return { status: code, message }
  // What the SDK makes of an answer that is not one of Cosmos DB's has no code.
  throw unavailable(error, message)
}

const unavailable = (cause: unknown, message = cause instanceof Error ? cause.message : String(cause)) =>
  new Unavailable(`Cosmos DB is not available: ${message}`, { cause })
