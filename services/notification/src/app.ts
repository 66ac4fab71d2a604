import type { Broker } from '@flotilla/broker/broker'
import { single } from '@flotilla/decider/decider'
import { createEngine, type Engine } from '@flotilla/host/engine'
import { type CreateHttp, type HttpOptions, httpOf } from '@flotilla/host/http'
import { notificationsRepeated, notifications as told } from '@flotilla/telemetry/metrics'
import { decide } from './domain/decide.ts'
import { evolve } from './domain/evolve.ts'
import {
  absent,
  type Notification,
  type NotificationCommand,
  type NotificationEvent,
  type NotificationRefusal,
} from './domain/notification.ts'
import { type NotificationRoutes, notificationRoutes } from './inbound/http.ts'
import { hear } from './inbound/subscriptions.ts'
import type { Mailer } from './outbound/mail.ts'
import { type DueMail, mailWorker } from './outbound/mail-work.ts'
import { announce } from './outbound/publications.ts'
import { type NotificationDatabase, notificationKey } from './outbound/store.ts'

export interface NotificationOptions extends HttpOptions {
  readonly database: NotificationDatabase
  readonly broker: Broker
  readonly mailer: Mailer
  /** The right-hand side of Message-IDs. */
  readonly mailDomain: string
  /** Makes the HTTP side; a simulation keeps one and hands it the routes of each new process. */
  readonly http?: CreateHttp<NotificationRoutes>
}

const domain = (mailDomain: string) => ({
  decider: { decide, evolve },
  scope: single<Notification, NotificationCommand>(({ orderId }) => notificationKey(orderId), absent),
  announce: (event: NotificationEvent, notification: Notification) => announce(event, notification, mailDomain),
})

/** The HTTP side of notification. */
export const createHttp = httpOf<NotificationRoutes>(
  { name: 'notification', description: 'Tells customers how it ended.' },
  notificationRoutes,
)

/** Notification, wired: give it a database, a broker, a mail server and a clock and it is the whole service. */
export function createApp(options: NotificationOptions) {
  const { database, broker, mailer, mailDomain, clock, logger } = options
  const mail = mailWorker({
    mailer,
    clock,
    onRepeat: () => notificationsRepeated.add(1),
  })
  const engine: Engine = createEngine<NotificationCommand>({
    service: 'notification',
    store: database.store,
    system: database.system,
    broker,
    clock,
    logger,
    hear(envelope, at) {
      const command = hear(envelope, at)
      return command && ((cause) => handle({ command, ...cause }))
    },
    workers: { mail: ({ payload, attempts }) => mail(payload as DueMail, attempts) },
    settle: (request) => handle(request),
  })
  const handle = engine.handler<
    Notification,
    NotificationCommand,
    NotificationEvent,
    NotificationRefusal,
    Notification
  >(domain(mailDomain), count)
  const server = (options.http ?? createHttp)(options, { find: database.find })
  return { server, engine }
}

/** The business in numbers. Called once for each command that had an effect. */
function count({ events, state }: { events: readonly NotificationEvent[]; state: Notification }) {
  if (state.status === 'absent') return
  const { kind } = state.end
  for (const event of events) {
    if (event.type === 'Sent') told.add(1, { outcome: 'sent', kind })
    if (event.type === 'Failed') told.add(1, { outcome: 'failed', kind })
  }
}
