import type { Item, Receipt, Reservation, Stock, StockCommand } from './stock.ts'

/** Which rows of the stock a command is about. The first is its home: its events are numbered there. */

export type StockRow = Item | Reservation | Receipt

export const itemKey = (sku: string): string => `item:${sku}`
export const reservationKey = (orderId: string): string => `reservation:${orderId}`
export const receiptKey = (receiptId: string): string => `receipt:${receiptId}`

export function keys(command: StockCommand): readonly [string, ...string[]] {
  switch (command.type) {
    case 'List':
    case 'Announce':
      return [itemKey(command.sku)]
    case 'Receive':
      return [receiptKey(command.receiptId), itemKey(command.sku)]
    case 'Reserve':
      return [reservationKey(command.orderId), ...command.lines.map(({ sku }) => itemKey(sku))]
    case 'Sell':
    case 'Release':
      // The items follow from the reservation's own lines.
      return [reservationKey(command.orderId)]
  }
}

export function compose(row: (key: string) => StockRow | undefined, command: StockCommand): Stock {
  const item = (sku: string) => row(itemKey(sku)) as Item | undefined
  switch (command.type) {
    case 'List':
    case 'Announce':
      return { items: itemsOf([command.sku], item) }
    case 'Receive':
      return { items: itemsOf([command.sku], item), receipt: row(receiptKey(command.receiptId)) as Receipt | undefined }
    case 'Reserve':
    case 'Sell':
    case 'Release': {
      const reservation = row(reservationKey(command.orderId)) as Reservation | undefined
      const lines = command.type === 'Reserve' ? command.lines : (reservation?.lines ?? [])
      return {
        reservation,
        items: itemsOf(
          lines.map(({ sku }) => sku),
          item,
        ),
      }
    }
  }
}

function itemsOf(skus: readonly string[], item: (sku: string) => Item | undefined): ReadonlyMap<string, Item> {
  const items = new Map<string, Item>()
  for (const sku of skus) {
    const found = item(sku)
    if (found) items.set(sku, found)
  }
  return items
}

export function decompose({ items, reservation, receipt }: Stock): (readonly [string, StockRow])[] {
  const rows: (readonly [string, StockRow])[] = []
  if (reservation) rows.push([reservationKey(reservation.orderId), reservation])
  if (receipt) rows.push([receiptKey(receipt.receiptId), receipt])
  for (const item of items.values()) rows.push([itemKey(item.sku), item])
  return rows
}
