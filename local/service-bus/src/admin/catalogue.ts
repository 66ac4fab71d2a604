import type { Inlet, Namespace, Subscription } from '../namespace.ts'
import type { MessageQueue } from '../queue.ts'
import {
  describeNamespace,
  describeQueue,
  describeRule,
  describeSubscription,
  describeTopic,
  type Limits,
} from './descriptions.ts'
import type { Xml } from './xml.ts'

/** An entity: its path, and its description in Atom's content. */
export interface Described {
  readonly path: string
  readonly content: Xml
}

/** What a path of the administration API shows; a text says what could not be found. */
export type Found = { readonly one: Described } | { readonly all: readonly Described[] } | string

const missing = (path: string): string => `The messaging entity '${path}' could not be found.`

export const isQueue = (inlet: Inlet): inlet is Inlet & { queue: MessageQueue } => inlet.queue !== undefined

/** All entities by the paths of the administration API. */
export class Catalogue {
  readonly #namespace: Namespace
  readonly #limits: Limits

  constructor(namespace: Namespace, limits: Limits) {
    this.#namespace = namespace
    this.#limits = limits
  }

  find(path: string): Found {
    const { inlets, name } = this.#namespace
    const described = (inlet: Inlet) => this.#inlet(inlet)
    if (/^\$resources\/queues$/i.test(path)) return { all: inlets.filter(isQueue).map(described) }
    if (/^\$resources\/topics$/i.test(path)) return { all: inlets.filter((inlet) => !isQueue(inlet)).map(described) }
    if (/^\$namespaceinfo$/i.test(path))
      return { one: { path: '$namespaceinfo', content: describeNamespace(name, this.#limits) } }
    const [, topic = path, below] = /^(.*?)\/Subscriptions(?:\/(.*))?$/i.exec(path) ?? []
    const inlet = this.#namespace.inlet(topic)
    if (!inlet) return missing(topic)
    if (topic === path) return { one: described(inlet) }
    const { subscriptions } = inlet
    if (!subscriptions) return `'${topic}' is a queue and has no subscriptions.`
    if (!below) return { all: subscriptions.map((each) => this.#subscription(inlet, each)) }
    return this.#below(inlet, subscriptions, below)
  }

  /** A subscription, its rules, or one of them. */
  #below(inlet: Inlet, subscriptions: readonly Subscription[], path: string): Found {
    const [, name = path, ruleName] = /^(.*?)\/Rules(?:\/(.*))?$/i.exec(path) ?? []
    const subscription = subscriptions.find((each) => each.name.toLowerCase() === name.toLowerCase())
    if (!subscription) return missing(`${inlet.name}/Subscriptions/${name}`)
    const one = this.#subscription(inlet, subscription)
    if (name === path) return { one }
    const rules = subscription.rules.map((rule) => ({
      path: `${one.path}/Rules/${rule.name}`,
      content: describeRule(rule, this.#limits),
    }))
    if (!ruleName) return { all: rules }
    const at = subscription.rules.findIndex((rule) => rule.name.toLowerCase() === ruleName.toLowerCase())
    const rule = rules[at]
    return rule ? { one: rule } : missing(`${one.path}/Rules/${ruleName}`)
  }

  #inlet(inlet: Inlet): Described {
    const content = isQueue(inlet) ? describeQueue(inlet, this.#limits) : describeTopic(inlet, this.#limits)
    return { path: inlet.name, content }
  }

  #subscription({ name }: Inlet, subscription: Subscription): Described {
    const content = describeSubscription(subscription, this.#limits)
    return { path: `${name}/Subscriptions/${subscription.name}`, content }
  }
}
