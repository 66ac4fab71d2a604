import { type Table, table } from '@flotilla/decider/table'
import type { CancelReason, KnownOrder, Order, Placed } from '../domain/order.ts'
import type { ListedPrice } from '../domain/price.ts'

/** How orders and prices stand in the database. */

export const orderKey = (orderId: string): string => `order:${orderId}`
export const priceKey = (sku: string): string => `price:${sku}`

type Body = Pick<Placed, 'email' | 'paymentMethod' | 'lines'>

/** An absent order is never saved, so every row is a known one. */
const known = (order: Order): KnownOrder => order as KnownOrder

export const orderTable: Table<Order> = table<Order>()({
  kind: 'order',
  name: 'orders',
  id: 'uuid',
  columns: {
    status: { type: 'text', write: (order) => known(order).status as string },
    customer: { type: 'text', write: (order) => known(order).customer },
    currency: { type: 'text', write: (order) => known(order).currency },
    total: { type: 'integer', write: (order) => known(order).total },
    created_at: { type: 'integer', write: (order) => known(order).placedAt },
    deadline: { type: 'integer', write: (order) => known(order).deadline },
    ended_at: { type: 'integer', write: (order) => ('endedAt' in order ? order.endedAt : null) },
    reason: { type: 'text', write: (order) => ('reason' in order ? (order.reason as string) : null) },
    payment_due: { type: 'boolean', write: (order) => ('paymentDue' in order ? order.paymentDue : null) },
    body: {
      type: 'json',
      write: (order): Body => {
        const { email, paymentMethod, lines } = known(order)
        return { email, paymentMethod, lines }
      },
    },
  },
  read(row, orderId): Order {
    const {
      customer,
      currency,
      total,
      created_at: placedAt,
      deadline,
    } = row as {
      customer: string
      currency: string
      total: number
      created_at: number
      deadline: number
    }
    const placed = { orderId, customer, currency, total, placedAt, deadline, ...(row.body as Body) }
    const endedAt = row.ended_at as number
    switch (row.status) {
      case 'confirmed':
        return { ...placed, status: 'confirmed', endedAt }
      case 'cancelled': {
        const reason = row.reason as CancelReason
        return { ...placed, status: 'cancelled', endedAt, reason, paymentDue: row.payment_due === true }
      }
      default:
        return { ...placed, status: row.status as 'placed' | 'reserved' }
    }
  },
})

export const priceTable: Table<ListedPrice> = table<ListedPrice>()({
  kind: 'price',
  name: 'price',
  id: 'text',
  columns: {
    listing: { type: 'integer', write: ({ version }) => version },
    name: { type: 'text', write: ({ name }) => name },
    price: { type: 'integer', write: ({ price }) => price },
    currency: { type: 'text', write: ({ currency }) => currency },
  },
  read: ({ listing, name, price, currency }, sku): ListedPrice => ({
    sku,
    version: listing as number,
    name: name as string,
    price: price as number,
    currency: currency as string,
  }),
})
