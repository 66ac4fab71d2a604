import type { RejectReason, Reservation, Stock, StockCommand, StockEvent, StockRefusal } from './stock.ts'

type Decision =
  | { readonly accepted: true; readonly events: readonly StockEvent[] }
  | { readonly accepted: false; readonly refusal: StockRefusal }
type Command<T extends StockCommand['type']> = Extract<StockCommand, { type: T }>

const accept = (...events: StockEvent[]): Decision => ({ accepted: true, events })
const refuse = (refusal: StockRefusal): Decision => ({ accepted: false, refusal })
const contradicts = (detail: string) => refuse({ code: 'contradiction', detail })

/** More of one SKU than this would not be counted exactly by every reader of JSON. */
const receivedAtMost = 1_000_000_000

/** Every rule of the stock. Requests are refused when they cannot be met; news that comes late, early or twice is not. */
export function decide(stock: Stock, command: StockCommand): Decision {
  switch (command.type) {
    case 'List':
      return list(stock, command)
    case 'Receive':
      return receive(stock, command)
    case 'Announce':
      if (!stock.items.has(command.sku)) return refuse({ code: 'unknown-sku', sku: command.sku })
      return accept({ type: 'Announced', sku: command.sku })
    case 'Reserve':
      return reserve(stock, command)
    case 'Sell':
      return sell(stock)
    case 'Release':
      return release(stock, command)
  }
}

function list({ items }: Stock, { sku, name, price, currency, expected }: Command<'List'>): Decision {
  const item = items.get(sku)
  if (!item) {
    if (!('absent' in expected)) return refuse({ code: 'unknown-sku', sku })
    return accept({ type: 'Listed', sku, name, price, currency, listing: 1 })
  }
  if ('absent' in expected || expected.listing !== item.listing) {
    return refuse({ code: 'listing-changed', sku, listing: item.listing })
  }
  if (item.name === name && item.price === price && item.currency === currency) return accept()
  return accept({ type: 'Relisted', sku, name, price, currency, listing: item.listing + 1 })
}

function receive({ items, receipt }: Stock, { receiptId, sku, quantity, at }: Command<'Receive'>): Decision {
  if (receipt) return refuse({ code: 'already-received', receiptId })
  const item = items.get(sku)
  if (!item) return refuse({ code: 'unknown-sku', sku })
  if (item.received + quantity > receivedAtMost) return refuse({ code: 'too-many', sku, received: item.received })
  return accept({ type: 'Received', receiptId, sku, quantity, at })
}

/** All lines or none. A placement that was overtaken by its cancellation takes nothing, and nobody waits for an answer. */
function reserve({ items, reservation }: Stock, { orderId, lines, at, deadline }: Command<'Reserve'>): Decision {
  if (reservation) return accept()
  const rejected = (reason: RejectReason, sku?: string) =>
    accept({ type: 'Rejected', orderId, status: 'rejected', lines: [], reason, sku, at, deadline })
  if (at >= deadline) return rejected('expired')
  const unknown = lines.find(({ sku }) => !items.has(sku))
  if (unknown) return rejected('unknown-sku', unknown.sku)
  const wanted = new Map<string, number>()
  for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity)
  for (const [sku, quantity] of wanted) {
    if ((items.get(sku)?.available ?? 0) < quantity) return rejected('out-of-stock', sku)
  }
  return accept({ type: 'Reserved', orderId, status: 'held', lines, at, deadline })
}

function sell({ reservation }: Stock): Decision {
  if (reservation?.status === 'sold') return accept()
  if (reservation?.status === 'held') return accept({ type: 'Sold' })
  return contradicts(`the order was confirmed, but its stock is ${state(reservation)}`)
}

function release({ reservation }: Stock, { orderId, at, deadline }: Command<'Release'>): Decision {
  if (!reservation) return accept({ type: 'Shut', orderId, status: 'shut', lines: [], at, deadline })
  if (reservation.status === 'sold') return contradicts('the order was cancelled, but its stock is sold')
  return reservation.status === 'held' ? accept({ type: 'Released' }) : accept()
}

const state = (reservation: Reservation | undefined): string => reservation?.status ?? 'not reserved'
