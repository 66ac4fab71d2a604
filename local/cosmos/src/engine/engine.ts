import { randomUUID } from 'node:crypto'
import type { Answer } from './answer.ts'
import { authorize, wellKnownKey } from './authorization.ts'
import { Catalog } from './catalog.ts'
import { metadataCharge } from './charge.ts'
import { Documents } from './documents.ts'
import type { Request, Response } from './exchange.ts'
import { Faults } from './faults.ts'
import { answerItems } from './item-requests.ts'
import { Items } from './items.ts'
import { accountAnswer, answerContainers, answerDatabases, answerRanges } from './metadata.ts'
import { badRequest, Refusal } from './refusal.ts'
import { type Route, readRoute } from './route.ts'
import { Storage } from './storage.ts'

export interface EngineOptions {
  /** Folder for the data; without it, they live in memory. */
  readonly data?: string | undefined
  /** Milliseconds since the epoch, for `_ts` and time to live. */
  readonly now: () => number
  /** Makes activity ids. Random ones. */
  readonly newId?: () => string
  /** What clients are told to call. */
  readonly endpoint: () => string
  /** Told of faults of this program; a client only sees a 500. */
  readonly onFault?: (error: unknown) => void
}

/**
 * Cosmos DB without its network: requests in, responses out, synchronous over SQLite, its clock and its ids passed in. The HTTP
 * server stands before it; a simulation may call it in its own process.
 */
export class Engine {
  readonly faults = new Faults()
  readonly #storage: Storage
  readonly #catalog: Catalog
  readonly #documents: Documents
  readonly #items: Items
  readonly #options: Required<EngineOptions>
  readonly #key = Buffer.from(wellKnownKey, 'base64')

  /** Throws when the data folder is in use by another process. */
  constructor(options: EngineOptions) {
    this.#options = { data: undefined, newId: randomUUID, onFault: () => undefined, ...options }
    this.#storage = new Storage(options.data, this.#options.newId)
    this.#catalog = new Catalog(this.#storage)
    this.#documents = new Documents(this.#storage, options.now)
    this.#items = new Items(this.#storage, this.#documents)
  }

  handle(request: Request): Response {
    return this.handleAll([request])[0] as Response
  }

  /** Answers requests one after the other, all in one commit: when it returns, what they wrote is on disk. */
  handleAll(requests: readonly Request[]): Response[] {
    try {
      return this.#storage.transaction(() => requests.map((request) => this.#respond(request)))
    } catch (error) {
      this.#catalog.forget()
      // Each alone, so that one that fails harms no neighbour.
      if (requests.length > 1) return requests.map((request) => this.handle(request))
      this.#options.onFault(error)
      return [this.#dress(refused(new Refusal(500, 'The server failed; its log says why.')))]
    }
  }

  /** Deletes expired items, at most `limit` of each container. Returns how many. */
  purge(limit: number): number {
    let count = 0
    this.#storage.transaction(() => {
      for (const container of this.#catalog.allContainers()) count += this.#documents.purge(container, limit)
    })
    return count
  }

  close(): void {
    this.#storage.close()
  }

  #respond(request: Request): Response {
    try {
      const route = readRoute(request.path)
      authorize(request, route, this.#key)
      return this.#dress(this.#answer(request, route))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return this.#dress(refused(error))
    }
  }

  #answer(request: Request, route: Route): Answer {
    if (route.type === '') return accountAnswer(this.#options.endpoint())
    const body = readBody(request)
    const { now } = this.#options
    const metadata = { catalog: this.#catalog, documents: this.#documents, now }
    if (route.type === 'dbs') return answerDatabases(request, route, body, metadata)
    if (route.type === 'colls') return answerContainers(request, route, body, metadata)
    if (route.type === 'pkranges') return answerRanges(request, route, metadata)
    const container = this.#catalog.container(route.database as string, route.container as string)
    const tools = { storage: this.#storage, items: this.#items, faults: this.faults, now }
    try {
      return answerItems(request, container, route.document, body, tools)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return { ...refused(error), container }
    }
  }

  #dress({ status, charge, text, headers, container }: Answer): Response {
    const lsn = this.#storage.lsn
    return {
      status,
      body: text,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-store, no-cache',
        'x-ms-activity-id': this.#options.newId(),
        'x-ms-request-charge': String(charge),
        'x-ms-version': '2020-07-15',
        'x-ms-gatewayversion': 'version=2.14.0',
        ...(container && {
          'x-ms-session-token': `0:-1#${lsn}`,
          'x-ms-alt-content-path': container.link,
          'x-ms-content-path': container.rid,
          lsn: String(lsn),
        }),
        ...headers,
      },
    }
  }
}

function refused({ status, code, message, substatus, retryAfter }: Refusal): Answer {
  return {
    status,
    charge: metadataCharge,
    text: status === 304 ? '' : JSON.stringify({ code, message }),
    headers: {
      ...(substatus !== 0 && { 'x-ms-substatus': String(substatus) }),
      ...(retryAfter !== undefined && { 'x-ms-retry-after-ms': String(retryAfter) }),
    },
  }
}

function readBody({ body }: Request): unknown {
  if (body === '') return undefined
  try {
    return JSON.parse(body)
  } catch {
    throw badRequest('The request body is not valid JSON.')
  }
}
