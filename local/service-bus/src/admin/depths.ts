import type { Namespace } from '../namespace.ts'
import type { MessageQueue } from '../queue.ts'
import { countsOf } from './descriptions.ts'

/** How full a queue, a subscription or a topic's schedule is. */
export interface Depth {
  /** `orders/Subscriptions/payment`, or the name of a queue or topic. */
  readonly entity: string
  /** All that are not dead letters, locked and deferred ones included; the service counts so as well. */
  readonly active: number
  readonly deadLetter: number
  readonly scheduled: number
  readonly locked: number
  /** ISO 8601, of the oldest active message. */
  readonly oldestEnqueuedAt: string | null
}

function depthOf(entity: string, queue: MessageQueue, scheduled: number): Depth {
  const oldest = queue.messages.values().next().value
  const { active, deadLetter } = countsOf(queue)
  const oldestEnqueuedAt = oldest ? new Date(oldest.enqueuedAt).toISOString() : null
  return { entity, active, deadLetter, scheduled, locked: queue.locked, oldestEnqueuedAt }
}

/** Every queue, topic and subscription, in the order of the configuration. */
export const depthsOf = ({ inlets }: Namespace): Depth[] =>
  inlets.flatMap(({ name, queue, scheduled: { entries }, subscriptions = [] }) => {
    const scheduled = entries.size
    if (queue) return [depthOf(name, queue, scheduled)]
    const topic = { entity: name, active: 0, deadLetter: 0, scheduled, locked: 0, oldestEnqueuedAt: null }
    return [topic, ...subscriptions.map((each) => depthOf(each.queue.path, each.queue, 0))]
  })
