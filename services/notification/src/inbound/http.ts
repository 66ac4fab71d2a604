import { NotificationKind } from '@flotilla/contracts/notification'
import { Timestamp } from '@flotilla/contracts/values'
import { route } from '@flotilla/host/route'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { KnownNotification, Notification } from '../domain/notification.ts'

const NotificationView = z.object({
  orderId: z.uuid(),
  kind: NotificationKind,
  status: z.enum(['due', 'sent', 'failed']),
  messageId: z.string().optional(),
  sentAt: Timestamp.optional(),
  failedAt: Timestamp.optional(),
  reason: z.string().optional(),
})

const NotificationList = z.object({ notifications: z.array(NotificationView) })

/** What the routes ask of notification. */
export interface NotificationRoutes {
  readonly find: (orderId: string) => Promise<Notification>
}

/** What people may ask of notifications: those about their own orders. */
export function notificationRoutes(app: FastifyInstance, { find }: NotificationRoutes): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/notifications',
    scope: 'notifications.read',
    summary: 'List what you were told about one of your orders',
    query: z.strictObject({ orderId: z.uuid() }),
    responses: { 200: NotificationList },
    async handler({ query: { orderId }, caller, request }) {
      request.orderId = orderId
      const notification = await find(orderId.toLowerCase())
      const isOwn = notification.status !== 'absent' && notification.customer === caller.id
      return { status: 200, body: { notifications: isOwn ? [viewOf(notification)] : [] } }
    },
  })
}

function viewOf(notification: KnownNotification): z.input<typeof NotificationView> {
  const { orderId, end, status } = notification
  const about = { orderId, kind: end.kind, status }
  if (notification.status === 'sent') {
    return { ...about, messageId: notification.messageId, sentAt: iso(notification.sentAt) }
  }
  if (notification.status === 'failed') {
    return { ...about, reason: notification.reason, failedAt: iso(notification.failedAt) }
  }
  return about
}

const iso = (at: number): string => new Date(at).toISOString()
