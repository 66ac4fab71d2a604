import { Sku } from '@flotilla/contracts/values'
import type { Handle } from '@flotilla/decider/handler'
import { refuseOtherBody, requestCause } from '@flotilla/host/idempotency'
import { notFound, Problem } from '@flotilla/host/problem'
import { route } from '@flotilla/host/route'
import { IdempotencyKey } from '@flotilla/host/validation'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Item, Receipt, Stock, StockCommand, StockEvent, StockRefusal } from '../domain/stock.ts'
import { etagOf, expectedOf, isFresh, Preconditions } from './precondition.ts'
import { Announced, ItemView, Listed, ListItem, ReceiptView, ReceiveStock, StockPage, viewOf } from './schemas.ts'

/** What the routes read. */
export interface StockReads {
  item(sku: string): Promise<Item | undefined>
  /** By SKU, those behind `after`. */
  items(after: string, limit: number): Promise<readonly Item[]>
  receipt(receiptId: string): Promise<Receipt | undefined>
}

/** What the routes ask of inventory. */
export interface StockRoutes {
  readonly handle: Handle<Stock, StockCommand, StockEvent, StockRefusal>
  readonly reads: StockReads
  /** The same reads, through the cache that everybody shares. */
  readonly cached: Pick<StockReads, 'item'> & { page(after: string, limit: number): Promise<readonly Item[]> }
  readonly now: () => number
  readonly newId: () => string
}

const base = '/api/v1/stock'
const params = z.object({ sku: Sku })
const idempotent = z.object({ 'idempotency-key': IdempotencyKey })
/** A client or a proxy may keep it as long as our own cache does. */
const shared = { 'cache-control': 'public, max-age=2' }
const pageSize = 200

/** What people may ask of the stock. */
export function stockRoutes(app: FastifyInstance, routes: StockRoutes): void {
  read(app, routes)
  page(app, routes)
  list(app, routes)
  receive(app, routes)
  announce(app, routes)
}

function read(app: FastifyInstance, { cached }: StockRoutes) {
  route(app, {
    method: 'GET',
    url: `${base}/:sku`,
    scope: 'stock.read',
    summary: 'Read one item of the catalogue',
    params,
    headers: z.object({ 'if-none-match': z.string().max(200).optional() }),
    responses: { 200: ItemView, 304: null },
    async handler({ params: { sku }, headers }) {
      const item = await cached.item(sku)
      if (!item) throw notFound('There is no item with this SKU.')
      const etag = etagOf(item)
      if (isFresh(headers['if-none-match'], etag)) return { status: 304, headers: { ...shared, etag } }
      return { status: 200, headers: { ...shared, etag }, body: viewOf(item) }
    },
  })
}

function page(app: FastifyInstance, { cached }: StockRoutes) {
  const query = z.strictObject({
    limit: z.coerce.number().int().min(1).max(pageSize).default(50),
    cursor: Sku.optional(),
  })
  route(app, {
    method: 'GET',
    url: base,
    scope: 'stock.read',
    summary: 'List the catalogue, by SKU',
    query,
    responses: { 200: StockPage },
    async handler({ query: { limit, cursor = '' } }) {
      const found = await cached.page(cursor, limit + 1)
      const items = found.slice(0, limit)
      const next = found.length > limit ? items.at(-1)?.sku : undefined
      return { status: 200, headers: shared, body: { items: items.map(viewOf), ...(next !== undefined && { next }) } }
    },
  })
}

function list(app: FastifyInstance, { handle, newId }: StockRoutes) {
  route(app, {
    method: 'PUT',
    url: `${base}/:sku`,
    scope: 'stock.write',
    summary: 'List an item, or change its name and price',
    description: 'Send If-None-Match: * for a new item, or If-Match with the ETag of the item you read.',
    params,
    headers: Preconditions,
    body: ListItem,
    responses: { 200: Listed },
    problems: { 412: 'precondition-failed: the item exists, is gone, or has changed', 428: 'precondition-required' },
    async handler({ params: { sku }, headers, body }) {
      const command = { type: 'List', sku, ...body, expected: expectedOf(headers) } as const
      const outcome = await handle({ command, cause: { kind: 'message', id: `list.${newId()}` } })
      if (outcome.status === 'refused') throw unmet(headers, outcome.refusal)
      if (outcome.status === 'repeated') throw new Error('a new cause cannot be a repeated one')
      const item = outcome.state.items.get(sku) as Item
      return { status: 200, headers: { etag: etagOf(item) }, body: { ...viewOf(item), version: item.listing } }
    },
  })
}

function receive(app: FastifyInstance, { handle, reads, now, newId }: StockRoutes) {
  route(app, {
    method: 'POST',
    url: `${base}/:sku/receipts`,
    scope: 'stock.write',
    summary: 'Receive stock of an item',
    params,
    headers: idempotent,
    body: ReceiveStock,
    responses: { 201: ReceiptView },
    problems: { 422: 'too-many, or idempotency-key-reused' },
    async handler({ params: { sku }, headers, body, caller }) {
      const cause = requestCause(caller, `POST ${base}/receipts`, headers['idempotency-key'], { sku, ...body })
      const command = { type: 'Receive', receiptId: newId(), sku, quantity: body.quantity, at: now() } as const
      const outcome = await handle({ command, cause })
      if (outcome.status === 'refused') throw problemOf(outcome.refusal)
      if (outcome.status === 'repeated') refuseOtherBody(cause, outcome)
      const receipt =
        outcome.status === 'accepted'
          ? outcome.state.receipt
          : await reads.receipt(outcome.home.slice('receipt:'.length))
      if (!receipt) throw new Error('an accepted receipt is not there')
      const { receiptId: id, quantity, at } = receipt
      return { status: 201, body: { id, sku: receipt.sku, quantity, receivedAt: new Date(at).toISOString() } }
    },
  })
}

/** The whole catalogue is said again, page by page; each item is stored before the answer. */
function announce(app: FastifyInstance, { handle, reads, newId }: StockRoutes) {
  route(app, {
    method: 'POST',
    url: `${base}/announce`,
    scope: 'stock.write',
    summary: 'Say the whole catalogue again, for a new or restored price list',
    responses: { 202: Announced },
    async handler() {
      let announced = 0
      for (let after = ''; ; ) {
        const items = await reads.items(after, pageSize)
        const run = newId()
        const causeOf = (sku: string) => ({ kind: 'message', id: `announce.${run}.${sku}` }) as const
        await Promise.all(items.map(({ sku }) => handle({ command: { type: 'Announce', sku }, cause: causeOf(sku) })))
        announced += items.length
        const last = items.at(-1)
        if (!last || items.length < pageSize) return { status: 202, body: { announced } }
        after = last.sku
      }
    },
  })
}

/** 412: what the client believed of the item is not so. */
function unmet({ 'if-match': match }: z.output<typeof Preconditions>, refusal: StockRefusal): Problem {
  const header = match === undefined ? 'if-none-match' : 'if-match'
  const detail =
    refusal.code === 'listing-changed'
      ? `does not match: read the item again and send its ETag; its version is ${refusal.listing} now`
      : 'does not match: there is no item with this SKU, so send If-None-Match: * to list it'
  return new Problem('precondition-failed', { status: 412, detail, errors: [{ header, detail }] })
}

function problemOf(refusal: StockRefusal): Problem {
  switch (refusal.code) {
    case 'unknown-sku':
      return notFound('There is no item with this SKU.')
    case 'too-many': {
      const detail = `is too many: ${refusal.received} were received so far, and no more than 1000000000 can be`
      return new Problem(refusal.code, { status: 422, detail, errors: [{ pointer: '#/quantity', detail }] })
    }
    case 'listing-changed':
    case 'already-received':
    case 'contradiction':
      throw new Error(`no request can be refused as ${refusal.code}`)
  }
}
