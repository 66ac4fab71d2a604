import type { Envelope } from '@flotilla/contracts/envelope'
import type { StockCommand } from '../domain/stock.ts'

/** What inventory hears, and what it makes of it. `at` in milliseconds since the epoch. */
export function hear(event: Envelope, at: number): StockCommand | undefined {
  switch (event.type) {
    case 'order.placed.v1': {
      const { orderId, lines, deadline } = event.data
      return { type: 'Reserve', orderId, lines: lines.map(line), at, deadline: Date.parse(deadline) }
    }
    case 'order.confirmed.v1':
      return { type: 'Sell', orderId: event.data.orderId, at }
    case 'order.cancelled.v1':
      return { type: 'Release', orderId: event.data.orderId, at, deadline: Date.parse(event.data.deadline) }
    default:
      return undefined
  }
}

const line = ({ sku, quantity }: { sku: string; quantity: number }) => ({ sku, quantity })
