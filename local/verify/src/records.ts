/** What stands in the databases and in the outside world's own books: never what the services say. Amounts are minor units. */

export interface OrderRecord {
  readonly id: string
  readonly status: 'placed' | 'reserved' | 'confirmed' | 'cancelled'
  readonly total: number
  readonly currency: string
  /** Milliseconds since the epoch. */
  readonly deadline: number
  readonly endedAt: number | null
  /** Why it was cancelled; null when it was not. */
  readonly reason: string | null
  /** How often its history says that it ended. */
  readonly ends: number
}

export interface ItemRecord {
  readonly sku: string
  readonly received: number
  readonly available: number
  readonly reserved: number
  readonly sold: number
}

export interface ReservationRecord {
  readonly orderId: string
  readonly status: 'held' | 'rejected' | 'sold' | 'released' | 'shut'
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
}

export interface ReceiptRecord {
  readonly sku: string
  readonly quantity: number
}

export interface PaymentRecord {
  readonly orderId: string
  readonly status: string
  readonly captured: number
  readonly refunded: number
}

export interface NotificationRecord {
  readonly orderId: string
  readonly status: 'due' | 'sent' | 'failed'
  readonly kind: 'order-confirmed' | 'order-cancelled'
}

/** At the card processor. */
export interface IntentRecord {
  readonly id: string
  readonly orderId: string | undefined
  readonly currency: string
  readonly received: number
  readonly refunded: number
}

/** At the mail server. */
export interface MailRecord {
  readonly orderId: string | null
  readonly messageId: string | null
}

/** What a service still owes: messages not sent, work not done. Deadlines of open orders are not counted. */
export interface Owed {
  readonly service: string
  readonly messages: number
  readonly work: number
}

/** At the broker. */
export interface QueueRecord {
  readonly entity: string
  readonly active: number
  readonly deadLetter: number
}

export interface Records {
  /** When the reading began, in milliseconds since the epoch. */
  readonly at: number
  readonly orders: readonly OrderRecord[]
  readonly items: readonly ItemRecord[]
  readonly reservations: readonly ReservationRecord[]
  readonly receipts: readonly ReceiptRecord[]
  readonly payments: readonly PaymentRecord[]
  readonly notifications: readonly NotificationRecord[]
  readonly intents: readonly IntentRecord[]
  readonly mails: readonly MailRecord[]
  readonly owed: readonly Owed[]
  /** Undefined when the broker is not ours: only the stand-in tells what waits in it. */
  readonly queues: readonly QueueRecord[] | undefined
}
