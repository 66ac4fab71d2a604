import { z } from 'zod'
import { OrderId, Timestamp } from './values.ts'

/** What the notification service says, on the topic `notifications`. No e-mail address travels here. */

export const NotificationKind = z.enum(['order-confirmed', 'order-cancelled'])

export const NotificationSent = z.object({
  orderId: OrderId,
  kind: NotificationKind,
  /** The mail's Message-ID header, without angle brackets. */
  messageId: z.string().min(1).max(255),
  sentAt: Timestamp,
})

export const NotificationFailed = z.object({
  orderId: OrderId,
  kind: NotificationKind,
  /** What the mail server said when it refused the mail for good, without addresses. */
  reason: z.string().min(1).max(500),
  failedAt: Timestamp,
})
