import type { Handle } from '@flotilla/decider/handler'
import type { Caller } from '@flotilla/host/caller'
import { refuseOtherBody, requestCause } from '@flotilla/host/idempotency'
import { notFound } from '@flotilla/host/problem'
import { route } from '@flotilla/host/route'
import { IdempotencyKey } from '@flotilla/host/validation'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { KnownOrder, Order, OrderCommand, OrderEvent, OrderRefusal, Price } from '../domain/order.ts'
import { decodeCursor, encodeCursor, type OrderPosition } from './cursor.ts'
import { late, problemOf } from './problems.ts'
import { Cancelled, OrderPage, OrderView, Placed, PlaceOrder, placedView, Timeline, viewOf } from './schemas.ts'

/** What the routes read. Times are milliseconds since the epoch. */
export interface OrderReads {
  find(orderId: string): Promise<KnownOrder | undefined>
  /** The customer's orders, newest first, from behind the cursor on. */
  list(customer: string, before: OrderPosition | undefined, limit: number): Promise<readonly KnownOrder[]>
  timeline(orderId: string): Promise<readonly { readonly at: number; readonly event: OrderEvent }[]>
}

/** What the routes ask of ordering. */
export interface OrderRoutes {
  readonly handle: Handle<Order, OrderCommand, OrderEvent, OrderRefusal>
  readonly reads: OrderReads
  /** The price list, for these SKUs. */
  readonly prices: (skus: readonly string[]) => Promise<ReadonlyMap<string, Price>>
  readonly now: () => number
  readonly newId: () => string
  /** By when an order that is placed now must have come to its end. */
  readonly deadlineOf: (placedAt: number) => number
  /** Whether a new order would wait too long to be completed by its deadline. */
  readonly isLate: () => boolean
}

const params = z.object({ id: z.uuid() })
const headers = z.object({ 'idempotency-key': IdempotencyKey })
const base = '/api/v1/orders'

/** What people may ask of ordering. */
export function orderRoutes(app: FastifyInstance, routes: OrderRoutes): void {
  place(app, routes)
  cancel(app, routes)
  read(app, routes)
  list(app, routes)
  timeline(app, routes)
}

function place(app: FastifyInstance, { handle, reads, prices, now, newId, deadlineOf, isLate }: OrderRoutes) {
  route(app, {
    method: 'POST',
    url: base,
    scope: 'orders.write',
    summary: 'Place an order',
    description: 'Answers when the order is stored; it is confirmed or cancelled within its deadline.',
    headers,
    body: PlaceOrder,
    responses: { 202: Placed },
    problems: {
      409: 'price-changed: the total is not the expected one',
      422: 'unknown-sku, repeated-sku, mixed-currencies, total-too-large, or idempotency-key-reused',
      503: 'overloaded: orders wait too long to be completed in time',
    },
    async handler({ body, headers, caller, request }) {
      if (isLate()) throw late()
      const cause = requestCause(caller, `POST ${base}`, headers['idempotency-key'], body)
      const at = now()
      const { lines, paymentMethod, expectedTotal, contact } = body
      const outcome = await handle({
        cause,
        command: {
          type: 'Place',
          orderId: newId(),
          customer: caller.id,
          email: contact.email,
          paymentMethod,
          lines,
          prices: await prices(lines.map(({ sku }) => sku)),
          expectedTotal,
          at,
          deadline: deadlineOf(at),
        },
      })
      if (outcome.status === 'refused') throw problemOf(outcome.refusal)
      if (outcome.status === 'repeated') refuseOtherBody(cause, outcome)
      const order =
        outcome.status === 'accepted' ? outcome.state : await reads.find(outcome.home.slice('order:'.length))
      if (!order || order.status === 'absent') throw new Error('an accepted order is not there')
      request.orderId = order.orderId
      // As it was answered the first time: what became of it since is told by its own address.
      return { status: 202, headers: { location: `${base}/${order.orderId}` }, body: placedView(order) }
    },
  })
}

function cancel(app: FastifyInstance, { handle, reads, now }: OrderRoutes) {
  route(app, {
    method: 'POST',
    url: `${base}/:id/cancel`,
    scope: 'orders.write',
    summary: 'Cancel an order that is not confirmed yet',
    params,
    headers,
    responses: { 200: Cancelled },
    problems: { 409: 'already-confirmed', 422: 'idempotency-key-reused' },
    async handler({ params, headers, caller, request }) {
      // As it is stored: a path may spell the same id in capitals.
      const { orderId: id } = await own(reads, params.id, caller)
      request.orderId = id
      const cause = requestCause(caller, `POST ${base}/cancel`, headers['idempotency-key'], { id })
      const outcome = await handle({ cause, command: { type: 'Cancel', orderId: id, at: now() } })
      if (outcome.status === 'refused') throw problemOf(outcome.refusal)
      if (outcome.status === 'repeated') refuseOtherBody(cause, outcome)
      return { status: 200, body: { id, status: 'cancelled' } }
    },
  })
}

function read(app: FastifyInstance, { reads }: OrderRoutes) {
  route(app, {
    method: 'GET',
    url: `${base}/:id`,
    scope: 'orders.read',
    summary: 'Read one of your orders',
    params,
    responses: { 200: OrderView },
    async handler({ params: { id }, caller, request }) {
      const order = await own(reads, id, caller)
      request.orderId = order.orderId
      return { status: 200, body: viewOf(order) }
    },
  })
}

function list(app: FastifyInstance, { reads }: OrderRoutes) {
  const query = z.strictObject({
    limit: z.coerce.number().int().min(1).max(100).default(20),
    cursor: z.string().max(200).optional(),
  })
  route(app, {
    method: 'GET',
    url: base,
    scope: 'orders.read',
    summary: 'List your orders, newest first',
    query,
    responses: { 200: OrderPage },
    async handler({ query: { limit, cursor }, caller }) {
      // One more than asked for tells whether there is a next page.
      const found = await reads.list(caller.id, decodeCursor(cursor), limit + 1)
      const orders = found.slice(0, limit)
      const last = orders.at(-1)
      const next = found.length > limit && last ? encodeCursor(last) : undefined
      return { status: 200, body: { orders: orders.map(viewOf), ...(next !== undefined && { next }) } }
    },
  })
}

function timeline(app: FastifyInstance, { reads }: OrderRoutes) {
  route(app, {
    method: 'GET',
    url: `${base}/:id/timeline`,
    scope: 'orders.read',
    summary: 'What happened to one of your orders, with payment and mail',
    params,
    responses: { 200: Timeline },
    async handler({ params: { id }, caller, request }) {
      const { orderId } = await own(reads, id, caller)
      request.orderId = orderId
      const entries = (await reads.timeline(orderId)).map(({ at, event }) => ({
        at: new Date(at).toISOString(),
        type: event.type,
        ...('reason' in event && { reason: event.reason }),
        ...('amount' in event && { amount: event.amount }),
        ...('kind' in event && { kind: event.kind }),
      }))
      return { status: 200, body: { orderId, entries } }
    },
  })
}

/** Other people's orders are not there. */
async function own(reads: OrderReads, orderId: string, caller: Caller): Promise<KnownOrder> {
  const order = await reads.find(orderId)
  if (!order || order.customer !== caller.id) throw notFound('You have no order with this id.')
  return order
}
