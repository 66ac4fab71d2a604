import { type ServiceName, services } from '@flotilla/contracts/topology'
import type { Rates } from './chaos.ts'
import { Random } from './random.ts'
import type { Dependency } from './world.ts'

/** A customer places an order, asks again until somebody answers, and perhaps changes their mind. Times in milliseconds. */
export interface OrderScene {
  readonly kind: 'order'
  /** Names the order in the story, and its Idempotency-Key. */
  readonly name: string
  readonly at: number
  readonly customer: string
  readonly email: string
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
  readonly paymentMethod: string
  readonly expectedTotal?: number
  /** How many ask at the same time with the same key. */
  readonly atOnce: number
  /** How long after its placement was answered it is cancelled; some ask twice. */
  readonly cancelAfter?: number
  readonly cancelTwice?: boolean
}

/** One removable part of a run. */
export type Scene =
  | OrderScene
  | {
      readonly kind: 'restock'
      readonly name: string
      readonly at: number
      readonly sku: string
      readonly quantity: number
    }
  | { readonly kind: 'price'; readonly name: string; readonly at: number; readonly sku: string; readonly price: number }
  /** The order service's price list is lost, and announced again a while later. */
  | { readonly kind: 'rebuild'; readonly at: number; readonly announcedAfter: number }
  | {
      readonly kind: 'outage'
      readonly at: number
      readonly of: Dependency
      readonly lasts: number
      /** It is full: what is asked for is answered, and nothing is stored. */
      readonly onlyWrites?: boolean
    }
  | {
      readonly kind: 'kill'
      readonly at: number
      readonly service: ServiceName
      readonly replica: number
      readonly down: number
    }
  /** As a rollout does: it drains, ends, and another takes its place. */
  | { readonly kind: 'restart'; readonly at: number; readonly service: ServiceName; readonly replica: number }

export interface Settings {
  readonly replicas: Readonly<Record<ServiceName, number>>
  /** From placement to deadline, in milliseconds. */
  readonly deadlineAfter: number
  /** The clock of a replica is off by so much at most, in milliseconds. */
  readonly skew: number
  /** SQL databases within the process, as SQLite; otherwise over a network, as Azure SQL. */
  readonly embedded: boolean
  readonly stock: readonly { readonly sku: string; readonly price: number; readonly quantity: number }[]
  readonly rates: Rates
  /** How often processes die of chance at most. */
  readonly deaths: number
}

export interface Plan {
  readonly seed: number
  readonly settings: Settings
  readonly scenes: readonly Scene[]
  /** The numbers of the faults that may strike; all when absent. */
  readonly strikes?: readonly number[]
}

const dependencies: readonly Dependency[] = [
  'order-db',
  'inventory-db',
  'payment-db',
  'notification-db',
  'broker',
  'card-processor',
  'mail-server',
]
const good = 'pm_card_visa'
const cards = [
  good,
  good,
  'pm_card_visa_chargeDeclined',
  'pm_card_chargeDeclinedExpiredCard',
  'pm_card_authenticationRequired',
  'pm_card_slow',
  'pm_card_500_once',
  'pm_card_500_after',
  'pm_card_timeout',
  'pm_card_timeout_before',
  'pm_card_refund_pending',
  'pm_card_refund_pending',
  'pm_card_refund_fails_once',
  'pm_card_refund_fails_once',
  'pm_card_unknown',
]

/** All that a run is, drawn from its seed. */
export function planOf(seed: number): Plan {
  const random = new Random(seed, 'plan')
  // Now and then nothing goes wrong, and then nothing must be done twice.
  const isFine = random.chance(0.1)
  const settings = drawSettings(random, isFine)
  const orders = drawOrders(random, settings)
  return { seed, settings, scenes: [...orders, ...(isFine ? [] : drawTrouble(random, settings, orders))] }
}

function drawSettings(random: Random, isFine: boolean): Settings {
  const stock = Array.from({ length: random.pick([1, 1, 1, 2, 2, 3]) }, (_, index) => ({
    sku: `SKU-${index + 1}`,
    price: random.int(1, 50) * 100,
    quantity: random.pick([2, 5, 1000, 1000]),
  }))
  const replicas = () => random.pick([1, 2, 2, 2, 2, 2, 3])
  return {
    replicas: { order: replicas(), inventory: replicas(), payment: replicas(), notification: replicas() },
    deadlineAfter: Math.round(random.skewed(2_000, 600_000)),
    skew: random.pick([0, 50, 2_000]),
    embedded: random.chance(0.5),
    stock,
    rates: drawRates(random, isFine),
    deaths: random.pick([0, 1, 2, 4]),
  }
}

/** Each fault is off in many runs: too many at once hide what each of them does. */
function drawRates(random: Random, isFine: boolean): Rates {
  const rate = (most: number) => (isFine || random.chance(0.5) ? 0 : random.skewed(most / 50, most))
  return {
    death: rate(0.15),
    refused: rate(0.2),
    lost: rate(0.3),
    slow: rate(0.06),
    duplicate: rate(0.5),
    delay: rate(0.5),
    lock: rate(0.25),
    aside: rate(0.05),
    replay: rate(0.1),
  }
}

function drawOrders(random: Random, { stock, deadlineAfter }: Settings): Scene[] {
  const orders = random.pick([1, 1, 1, 2, 2, 3, 4])
  const together = random.chance(0.3)
  return Array.from({ length: orders }, (_, index): Scene => {
    const name = `o${index + 1}`
    const skus = stock.filter(() => random.chance(0.7))
    const lines = (skus.length > 0 ? skus : stock.slice(0, 1)).map(({ sku }) => ({
      sku,
      quantity: random.pick([1, 1, 2, 3]),
    }))
    const paymentMethod = random.chance(0.5) ? good : random.pick(cards)
    const refused = random.chance(0.04) ? 'refused.' : ''
    return {
      kind: 'order',
      name,
      at: together ? 0 : Math.round(random.next() * 5_000),
      customer: random.pick(['ada', 'ada', 'bob']),
      email: `${refused}${name}@example.com`,
      lines,
      paymentMethod,
      ...(random.chance(0.05) && { expectedTotal: random.int(1, 100) * 100 }),
      atOnce: random.chance(0.15) ? 2 : 1,
      ...(random.chance(paymentMethod.includes('refund') ? 0.8 : 0.35) && {
        // A cancellation comes at any time; one that races the payment leads furthest.
        cancelAfter: random.chance(0.5) ? random.int(1, 150) : Math.round(random.skewed(0.5, deadlineAfter)),
        cancelTwice: random.chance(0.3),
      }),
    }
  })
}

function drawTrouble(random: Random, { stock, replicas, deadlineAfter }: Settings, orders: readonly Scene[]): Scene[] {
  const scenes: Scene[] = []
  const at = () => Math.round(random.skewed(1, 2 * deadlineAfter))
  /** While an order is on its way, or at any time. */
  const amid = () => (random.chance(0.6) ? random.pick(orders).at + random.int(0, 300) : at())
  const some = (probability: number, make: () => Scene) => {
    while (random.chance(probability)) scenes.push(make())
  }
  const sku = () => random.pick(stock).sku
  some(0.25, () => ({ kind: 'restock', name: `r${scenes.length}`, at: at(), sku: sku(), quantity: random.int(1, 5) }))
  some(0.15, () => ({ kind: 'price', name: `p${scenes.length}`, at: at(), sku: sku(), price: random.int(1, 50) * 100 }))
  some(0.04, () => ({ kind: 'rebuild', at: at(), announcedAfter: random.int(0, 3_000) }))
  some(0.4, () => {
    const of = random.pick(dependencies)
    // Some go on past deadlines, some begin amid the first orders.
    const lasts = random.chance(0.4) ? deadlineAfter * (0.3 + 2 * random.next()) : random.skewed(50, 300_000)
    const onlyWrites = of.endsWith('-db') && random.chance(0.3)
    return {
      kind: 'outage',
      at: amid(),
      of,
      lasts: Math.round(lasts),
      onlyWrites,
    }
  })
  some(0.2, () => {
    const service = random.pick(services)
    return {
      kind: 'kill',
      at: amid(),
      service,
      replica: random.int(1, replicas[service]),
      down: Math.round(random.skewed(100, 60_000)),
    }
  })
  some(0.1, () => {
    const service = random.pick(services)
    return { kind: 'restart', at: amid(), service, replica: random.int(1, replicas[service]) }
  })
  return scenes
}
