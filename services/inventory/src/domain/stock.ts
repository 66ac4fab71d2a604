/** The nouns of inventory. Times are milliseconds since the epoch; money is integer minor units. */

/** One SKU: at every moment received = available + reserved + sold, and nothing is below zero. */
export interface Item {
  readonly sku: string
  readonly name: string
  readonly price: number
  readonly currency: string
  /** Counts the changes of name, price and currency; readers of prices take only higher ones. */
  readonly listing: number
  readonly received: number
  readonly available: number
  readonly reserved: number
  readonly sold: number
}

export interface Line {
  readonly sku: string
  readonly quantity: number
}

export type RejectReason = 'out-of-stock' | 'unknown-sku' | 'expired'

/** What one order holds, or why it holds nothing. `shut` remembers a cancellation that overtook its placement. */
export interface Reservation {
  readonly orderId: string
  readonly status: 'held' | 'rejected' | 'sold' | 'released' | 'shut'
  readonly lines: readonly Line[]
  readonly reason?: RejectReason | undefined
  /** The SKU that was missing. */
  readonly sku?: string | undefined
  readonly at: number
  readonly deadline: number
}

export interface Receipt {
  readonly receiptId: string
  readonly sku: string
  readonly quantity: number
  readonly at: number
}

/** The part of the stock that one command is about. */
export interface Stock {
  readonly items: ReadonlyMap<string, Item>
  readonly reservation?: Reservation | undefined
  readonly receipt?: Receipt | undefined
}

/** What a client of the catalogue believes: that the SKU is new, or at this listing. */
export type Expected = { readonly absent: true } | { readonly listing: number }

export type StockCommand =
  | (Omit<Listing, 'listing'> & { readonly type: 'List'; readonly expected: Expected })
  | (Receipt & { readonly type: 'Receive' })
  | { readonly type: 'Announce'; readonly sku: string }
  | {
      readonly type: 'Reserve'
      readonly orderId: string
      readonly lines: readonly Line[]
      readonly at: number
      readonly deadline: number
    }
  | { readonly type: 'Sell'; readonly orderId: string; readonly at: number }
  | { readonly type: 'Release'; readonly orderId: string; readonly at: number; readonly deadline: number }

export interface Listing {
  readonly sku: string
  readonly name: string
  readonly price: number
  readonly currency: string
  readonly listing: number
}

export type StockEvent =
  | (Listing & { readonly type: 'Listed' })
  | (Listing & { readonly type: 'Relisted' })
  | { readonly type: 'Announced'; readonly sku: string }
  | (Receipt & { readonly type: 'Received' })
  | (Reservation & { readonly type: 'Reserved' })
  | (Reservation & { readonly type: 'Rejected' })
  | { readonly type: 'Sold' }
  | { readonly type: 'Released' }
  | (Reservation & { readonly type: 'Shut' })

export type StockRefusal =
  | { readonly code: 'unknown-sku'; readonly sku: string }
  | { readonly code: 'listing-changed'; readonly sku: string; readonly listing: number }
  | { readonly code: 'already-received'; readonly receiptId: string }
  | { readonly code: 'too-many'; readonly sku: string; readonly received: number }
  /** News that cannot be true of this order: somebody is wrong, and somebody should look. */
  | { readonly code: 'contradiction'; readonly detail: string }
