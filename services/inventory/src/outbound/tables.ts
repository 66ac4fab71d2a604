import { type Table, table } from '@flotilla/decider/table'
import type { StockRow } from '../domain/scope.ts'
import type { Item, Line, Receipt, RejectReason, Reservation } from '../domain/stock.ts'

/** How the stock stands in the database. */

export const itemTable = table<Item>()({
  kind: 'item',
  name: 'item',
  id: 'text',
  isContended: true,
  columns: {
    name: { type: 'text', write: ({ name }) => name },
    price: { type: 'integer', write: ({ price }) => price },
    currency: { type: 'text', write: ({ currency }) => currency },
    listing: { type: 'integer', write: ({ listing }) => listing },
    received: { type: 'integer', write: ({ received }) => received },
    available: { type: 'integer', write: ({ available }) => available },
    reserved: { type: 'integer', write: ({ reserved }) => reserved },
    sold: { type: 'integer', write: ({ sold }) => sold },
  },
  read: (row, sku): Item => ({ ...(row as Omit<Item, 'sku'>), sku }),
})

const reservationTable = table<Reservation>()({
  kind: 'reservation',
  name: 'reservation',
  id: 'uuid',
  columns: {
    status: { type: 'text', write: ({ status }) => status as string },
    reason: { type: 'text', write: ({ reason }) => reason ?? null },
    sku: { type: 'text', write: ({ sku }) => sku ?? null },
    lines: { type: 'json', write: ({ lines }) => lines },
    at: { type: 'integer', write: ({ at }) => at },
    deadline: { type: 'integer', write: ({ deadline }) => deadline },
  },
  read: ({ status, reason, sku, lines, at, deadline }, orderId): Reservation => ({
    orderId,
    status: status as Reservation['status'],
    lines: lines as readonly Line[],
    ...(reason !== null && { reason: reason as RejectReason }),
    ...(sku !== null && { sku: sku as string }),
    at: at as number,
    deadline: deadline as number,
  }),
  /** Whoever sells or gives back a reservation changes its items too. */
  follow: { kind: 'item', column: 'lines', properties: ['sku'] },
})

export const receiptTable = table<Receipt>()({
  kind: 'receipt',
  name: 'receipt',
  id: 'uuid',
  columns: {
    sku: { type: 'text', write: ({ sku }) => sku },
    quantity: { type: 'integer', write: ({ quantity }) => quantity },
    at: { type: 'integer', write: ({ at }) => at },
  },
  read: ({ sku, quantity, at }, receiptId): Receipt => ({
    receiptId,
    sku: sku as string,
    quantity: quantity as number,
    at: at as number,
  }),
})

/** The kind of a key decides which table its row is in. */
export const stockTables = [itemTable, reservationTable, receiptTable] as unknown as readonly Table<StockRow>[]
