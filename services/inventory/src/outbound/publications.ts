import type { Effects } from '@flotilla/decider/batch'
import type { Item, Stock, StockEvent } from '../domain/stock.ts'

/** What inventory tells the world. */
export function announce(event: StockEvent, stock: Stock): Effects {
  switch (event.type) {
    case 'Listed':
    case 'Announced':
      return { publish: [{ type: 'stock.item-listed.v1', data: listing(stock, event.sku) }] }
    case 'Relisted':
      return { publish: [{ type: 'stock.price-changed.v1', data: listing(stock, event.sku) }] }
    case 'Reserved': {
      const { orderId, at } = event
      return { publish: [{ type: 'stock.reserved.v1', data: { orderId, reservedAt: iso(at) } }] }
    }
    case 'Rejected': {
      const { orderId, reason = 'out-of-stock', sku, at } = event
      const data = { orderId, reason, ...(sku !== undefined && { sku }), rejectedAt: iso(at) }
      return { publish: [{ type: 'stock.rejected.v1', data }] }
    }
    default:
      return {}
  }
}

function listing({ items }: Stock, sku: string) {
  const { name, price, currency, listing: version } = items.get(sku) as Item
  return { sku, version, name, price, currency }
}

const iso = (at: number): string => new Date(at).toISOString()
