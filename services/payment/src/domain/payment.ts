/** The nouns of payment. Times are milliseconds since the epoch; money is integer minor units. */

export interface Due {
  readonly orderId: string
  readonly customer: string
  readonly amount: number
  readonly currency: string
  readonly paymentMethod: string
  /** Nothing is charged past it. */
  readonly deadline: number
}

/** `cancelled` here: the order is no longer wanted. What is under way is settled first, then given back. */
interface Wanted {
  readonly cancelled: boolean
}

export type Payment =
  | { readonly status: 'absent' }
  /** The order was cancelled before its payment was due: a tombstone. */
  | { readonly status: 'shut'; readonly orderId: string; readonly deadline: number }
  /** The intent is being created at the card processor. */
  | (Due & Wanted & { readonly status: 'requested' })
  /** The intent's id is stored; it is being confirmed, or cancelled if the order is. */
  | (Due & Wanted & { readonly status: 'pending'; readonly intentId: string })
  | (Due & { readonly status: 'captured'; readonly intentId: string; readonly capturedAt: number })
  | (Due & { readonly status: 'declined'; readonly intentId?: string | undefined; readonly reason: string })
  /** Never charged, and never will be. */
  | (Due & { readonly status: 'cancelled'; readonly intentId?: string | undefined })
  | (Due & { readonly status: 'refunding'; readonly intentId: string; readonly since: number })
  | (Due & { readonly status: 'refunded'; readonly intentId: string; readonly refundedAt: number })

export type KnownPayment = Exclude<Payment, { status: 'absent' | 'shut' }>

export const absent: Payment = { status: 'absent' }

interface About {
  readonly orderId: string
  readonly at: number
}

export type PaymentCommand =
  | (Due & { readonly type: 'Charge'; readonly at: number })
  | (About & { readonly type: 'Cancel'; readonly deadline: number })
  /** What came of the calls to the card processor. */
  | (About & { readonly type: 'NoteIntent'; readonly intentId: string })
  | (About & { readonly type: 'NoteCapture' })
  | (About & { readonly type: 'NoteDecline'; readonly reason: string })
  | (About & { readonly type: 'NoteCancellation' })
  | (About & { readonly type: 'NoteRefund' })

export type PaymentEvent =
  | (Due & { readonly type: 'Requested' })
  | { readonly type: 'Shut'; readonly orderId: string; readonly deadline: number }
  | { readonly type: 'CancellationHeard' }
  | { readonly type: 'IntentCreated'; readonly intentId: string }
  | { readonly type: 'Captured'; readonly at: number }
  | { readonly type: 'Declined'; readonly reason: string; readonly at: number }
  | { readonly type: 'Cancelled' }
  | { readonly type: 'RefundDue'; readonly at: number }
  | { readonly type: 'Refunded'; readonly at: number }

/** Nobody asks payment for anything but by news and by what it did itself; what contradicts is refused. */
export interface PaymentRefusal {
  readonly code: 'contradiction'
  readonly detail: string
}
