/** The nouns of notification. Times are milliseconds since the epoch; money is integer minor units. */

export interface Line {
  readonly sku: string
  readonly quantity: number
  readonly unitPrice: number
}

/** One end of one order, as the customer is told. */
export type End =
  | { readonly kind: 'order-confirmed'; readonly lines: readonly Line[] }
  | { readonly kind: 'order-cancelled'; readonly reason: string }

export interface Told {
  readonly orderId: string
  readonly customer: string
  readonly currency: string
  readonly total: number
  readonly end: End
  readonly deadline: number
  readonly toldAt: number
}

export type Notification =
  | { readonly status: 'absent' }
  /** The mail is to be sent; only now is the address known here. */
  | (Told & { readonly status: 'due'; readonly email: string })
  | (Told & { readonly status: 'sent'; readonly messageId: string; readonly sentAt: number })
  | (Told & { readonly status: 'failed'; readonly reason: string; readonly failedAt: number })

export type KnownNotification = Exclude<Notification, { status: 'absent' }>

export const absent: Notification = { status: 'absent' }

export type NotificationCommand =
  | (Told & { readonly type: 'Tell'; readonly email: string })
  | { readonly type: 'NoteSent'; readonly orderId: string; readonly messageId: string; readonly at: number }
  | { readonly type: 'NoteRefused'; readonly orderId: string; readonly reason: string; readonly at: number }

export type NotificationEvent =
  | (Told & { readonly type: 'Due'; readonly email: string })
  | { readonly type: 'Sent'; readonly messageId: string; readonly at: number }
  | { readonly type: 'Failed'; readonly reason: string; readonly at: number }

export interface NotificationRefusal {
  readonly code: 'contradiction'
  readonly detail: string
}
