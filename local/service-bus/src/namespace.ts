import type { Clock } from './clock.ts'
import type { InletSettings, Topology } from './config.ts'
import { DuplicateHistory } from './duplicates.ts'
import { applicationPropertiesOf, type Message } from './message.ts'
import { type Fate, MessageQueue } from './queue.ts'
import { type Correlated, matchesAny, type Rule } from './rule.ts'
import { Scheduled, type ScheduledEntry } from './scheduled.ts'

export interface Subscription {
  readonly name: string
  readonly queue: MessageQueue
  readonly rules: readonly Rule[]
}

/** What is sent to: a queue or a topic. */
export interface Inlet {
  readonly name: string
  readonly settings: InletSettings
  readonly duplicates: DuplicateHistory | undefined
  readonly scheduled: Scheduled
  /** Of a queue. */
  readonly queue: MessageQueue | undefined
  /** Of a topic. */
  readonly subscriptions: readonly Subscription[] | undefined
}

/** What an address stands for. */
export type Entity =
  | { readonly kind: 'inlet'; readonly inlet: Inlet }
  | { readonly kind: 'outlet'; readonly queue: MessageQueue; readonly subscription: Subscription | undefined }

const deadLetterSuffix = '/$DeadLetterQueue'

/** The queues a message sent to the inlet goes to. */
export function route(inlet: Inlet, message: Message, correlated: Correlated): MessageQueue[] {
  if (inlet.queue) return [inlet.queue]
  let decoded: Record<string, unknown> | undefined
  const properties = () => {
    decoded ??= applicationPropertiesOf(message.bare)
    return decoded
  }
  return (inlet.subscriptions ?? [])
    .filter((subscription) => matchesAny(subscription.rules, correlated, properties))
    .map((subscription) => subscription.queue)
}

/** All entities of the configuration. Names are found whatever their case, as the service does. */
export class Namespace {
  readonly name: string
  readonly inlets: readonly Inlet[]
  /** Queues and subscriptions with their dead letters, by lower-case path. */
  readonly outlets = new Map<string, Entity & { kind: 'outlet' }>()
  readonly #inlets = new Map<string, Inlet>()

  constructor(
    topology: Topology,
    clock: Clock,
    fate: Fate & { due(inlet: Inlet, entries: readonly ScheduledEntry[]): void },
  ) {
    this.name = topology.namespace
    const inlet = (
      entity: { readonly name: string; readonly settings: InletSettings },
      outlets: Pick<Inlet, 'queue' | 'subscriptions'>,
    ): Inlet => {
      const { name, settings } = entity
      const window = settings.duplicateWindow
      const made: Inlet = {
        name,
        settings,
        duplicates: window === undefined ? undefined : new DuplicateHistory(window),
        scheduled: new Scheduled(`${name}/$Scheduled`, clock, (entries) => fate.due(made, entries)),
        ...outlets,
      }
      this.#inlets.set(name.toLowerCase(), made)
      return made
    }
    const outlet = (
      path: string,
      settings: MessageQueue['settings'],
      rules?: { name: string; rules: readonly Rule[] },
    ) => {
      const deadLetterSettings = { ...settings, timeToLive: Number.POSITIVE_INFINITY, deadLetterExpired: false }
      const deadLetters = new MessageQueue(path + deadLetterSuffix, deadLetterSettings, clock, fate)
      const queue = new MessageQueue(path, settings, clock, fate, deadLetters)
      const subscription = rules && { ...rules, queue }
      for (const each of [queue, deadLetters]) {
        this.outlets.set(each.path.toLowerCase(), { kind: 'outlet', queue: each, subscription })
      }
      return { queue, subscription }
    }
    this.inlets = [
      ...topology.queues.map((queue) =>
        inlet(queue, { queue: outlet(queue.name, queue.settings).queue, subscriptions: undefined }),
      ),
      ...topology.topics.map((topic) => {
        const subscriptions = topic.subscriptions.map((each) => {
          const made = outlet(`${topic.name}/Subscriptions/${each.name}`, each.settings, each)
          return made.subscription as Subscription
        })
        return inlet(topic, { queue: undefined, subscriptions })
      }),
    ]
  }

  inlet(address: string): Inlet | undefined {
    return this.#inlets.get(address.toLowerCase())
  }

  outlet(address: string): (Entity & { kind: 'outlet' }) | undefined {
    return this.outlets.get(address.toLowerCase())
  }

  /** Whether anything has this address. */
  has(address: string): boolean {
    return this.#inlets.has(address.toLowerCase()) || this.outlets.has(address.toLowerCase())
  }

  /** What is kept of messages, in bytes; a message in three subscriptions counts three times. */
  get bytes(): number {
    let sum = 0
    for (const { queue } of this.outlets.values()) sum += queue.bytes
    for (const { scheduled } of this.inlets) sum += scheduled.bytes
    return sum
  }

  close(): void {
    for (const { queue } of this.outlets.values()) queue.close()
    for (const { scheduled } of this.inlets) scheduled.close()
  }
}
