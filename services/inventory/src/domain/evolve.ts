import type { Item, Line, Reservation, Stock, StockEvent } from './stock.ts'

/** What an event does to the stock. Never refuses: the event already happened. */
export function evolve(stock: Stock, event: StockEvent): Stock {
  switch (event.type) {
    case 'Listed': {
      const { type: _, ...listing } = event
      return withItem(stock, { ...listing, received: 0, available: 0, reserved: 0, sold: 0 })
    }
    case 'Relisted': {
      const { type: _, ...listing } = event
      return change(stock, event.sku, (item) => ({ ...item, ...listing }))
    }
    case 'Announced':
      return stock
    case 'Received': {
      const { type: _, ...receipt } = event
      const received = change(stock, event.sku, (item) => ({
        ...item,
        received: item.received + event.quantity,
        available: item.available + event.quantity,
      }))
      return { ...received, receipt }
    }
    case 'Reserved':
      return move({ ...stock, reservation: reservationOf(event) }, event.lines, 'available', 'reserved')
    case 'Rejected':
    case 'Shut':
      return { ...stock, reservation: reservationOf(event) }
    case 'Sold':
      return end(stock, 'sold', 'sold')
    case 'Released':
      return end(stock, 'released', 'available')
  }
}

function reservationOf({ type: _, ...reservation }: Reservation & { readonly type: string }): Reservation {
  return reservation
}

function end(stock: Stock, status: 'sold' | 'released', to: 'sold' | 'available'): Stock {
  const { reservation } = stock
  if (!reservation) return stock
  return move({ ...stock, reservation: { ...reservation, status } }, reservation.lines, 'reserved', to)
}

type Shelf = 'available' | 'reserved' | 'sold'

function move(stock: Stock, lines: readonly Line[], from: Shelf, to: Shelf): Stock {
  return lines.reduce(
    (moved, { sku, quantity }) =>
      change(moved, sku, (item) => ({ ...item, [from]: item[from] - quantity, [to]: item[to] + quantity })),
    stock,
  )
}

function change(stock: Stock, sku: string, how: (item: Item) => Item): Stock {
  const item = stock.items.get(sku)
  // Passing it over would lose stock.
  if (!item) throw new Error(`${sku} is not in the stock that was decided on`)
  return withItem(stock, how(item))
}

function withItem(stock: Stock, item: Item): Stock {
  return { ...stock, items: new Map(stock.items).set(item.sku, item) }
}
