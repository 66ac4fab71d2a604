/** The nouns of ordering: what an order is, what may be asked of it, what may happen to it. Times are ms since the epoch. */

export interface Line {
  readonly sku: string
  readonly quantity: number
  /** Integer minor units. */
  readonly unitPrice: number
}

export interface Placed {
  readonly orderId: string
  readonly customer: string
  readonly email: string
  readonly paymentMethod: string
  readonly currency: string
  /** Integer minor units. */
  readonly total: number
  readonly lines: readonly Line[]
  readonly placedAt: number
  /** An order not confirmed by then is cancelled. */
  readonly deadline: number
}

export type CancelReason = 'out-of-stock' | 'unknown-sku' | 'payment-declined' | 'expired' | 'customer-request'

export type Order =
  | { readonly status: 'absent' }
  /** Waits for stock. */
  | (Placed & { readonly status: 'placed' })
  /** Stock is held; waits for payment. */
  | (Placed & { readonly status: 'reserved' })
  | (Placed & { readonly status: 'confirmed'; readonly endedAt: number })
  | (Placed & {
      readonly status: 'cancelled'
      readonly endedAt: number
      readonly reason: CancelReason
      /** Whether payment was asked for, so that there may be something to give back. */
      readonly paymentDue: boolean
    })

export type KnownOrder = Exclude<Order, { status: 'absent' }>

export const absent: Order = { status: 'absent' }

/** What the price list knows of a SKU when the order is placed. */
export interface Price {
  readonly price: number
  readonly currency: string
}

export interface Place {
  readonly type: 'Place'
  readonly orderId: string
  readonly customer: string
  readonly email: string
  readonly paymentMethod: string
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
  /** By SKU; missing where the price list does not know it. */
  readonly prices: ReadonlyMap<string, Price>
  /** What the client believes it will pay, in minor units. */
  readonly expectedTotal?: number | undefined
  readonly at: number
  readonly deadline: number
}

interface About {
  readonly orderId: string
  readonly at: number
}

export type OrderCommand =
  | Place
  | (About & { readonly type: 'Cancel' })
  | (About & { readonly type: 'Expire' })
  | (About & { readonly type: 'HearStockReserved' })
  | (About & { readonly type: 'HearStockRejected'; readonly reason: 'out-of-stock' | 'unknown-sku' | 'expired' })
  | (About & { readonly type: 'HearPaymentCaptured'; readonly amount: number; readonly currency: string })
  | (About & { readonly type: 'HearPaymentDeclined'; readonly reason: string })
  | (About & { readonly type: 'HearPaymentRefunded'; readonly amount: number; readonly currency: string })
  | (About & { readonly type: 'HearNotification'; readonly kind: NotificationKind; readonly result: 'sent' | 'failed' })

export type NotificationKind = 'order-confirmed' | 'order-cancelled'

export type OrderEvent =
  | (Placed & { readonly type: 'Placed' })
  | { readonly type: 'StockReserved' }
  | { readonly type: 'StockRejected'; readonly reason: string }
  | { readonly type: 'PaymentCaptured'; readonly amount: number }
  | { readonly type: 'PaymentDeclined'; readonly reason: string }
  | { readonly type: 'PaymentRefunded'; readonly amount: number }
  | { readonly type: 'Confirmed'; readonly at: number }
  | { readonly type: 'Cancelled'; readonly reason: CancelReason; readonly paymentDue: boolean; readonly at: number }
  | { readonly type: 'NotificationSent'; readonly kind: NotificationKind }
  | { readonly type: 'NotificationFailed'; readonly kind: NotificationKind }

export type OrderRefusal =
  | { readonly code: 'already-placed' }
  | { readonly code: 'unknown-order' }
  | { readonly code: 'already-confirmed' }
  | { readonly code: 'unknown-sku'; readonly line: number; readonly sku: string }
  | { readonly code: 'repeated-sku'; readonly line: number; readonly sku: string }
  | { readonly code: 'mixed-currencies'; readonly line: number; readonly currencies: readonly [string, string] }
  | { readonly code: 'total-too-large' }
  | { readonly code: 'price-changed'; readonly total: number; readonly currency: string }
  /** News that cannot be true of this order: somebody is wrong, and somebody should look. */
  | { readonly code: 'contradiction'; readonly detail: string }
