/** What runs, and where: a namespace for each service, the stand-ins in one of their own. */
export const services = ['order', 'inventory', 'payment', 'notification'] as const
export type Service = (typeof services)[number]

export const standIns = 'stand-ins'
export const namespaces = [...services, standIns] as const

/** Inside the cluster. */
export const urls = {
  identity: `http://identity.${standIns}.svc.cluster.local`,
  gateway: `http://gateway.${standIns}.svc.cluster.local`,
  order: 'http://order.order.svc.cluster.local',
} as const

/** Where our own pod hears what Flux alerts. */
export const alertsPort = 8080

/** How an order may end: confirmed, or cancelled for this reason. */
export type End = 'confirmed' | 'payment-declined' | 'out-of-stock'

/** An order to place, and how it may end. */
export interface Planned {
  readonly order: ReturnType<typeof order>
  readonly ends: readonly End[]
}

/** There is little of it. */
export const scarce = 'POT-CAST-IRON'

/** Most are plain; some are declined, some ask for what there is little of, some have a card whose charge is only known when it is asked for again. */
export const planned: readonly Planned[] = [
  ...Array.from({ length: 7 }, () => ({ order: order('TEA-SENCHA', 1), ends: ['confirmed'] as const })),
  { order: order('CUP-STONEWARE', 2), ends: ['confirmed'] },
  { order: order('TEA-EARL-GREY', 1, 'pm_card_visa_chargeDeclined'), ends: ['payment-declined'] },
  { order: order(scarce, 1), ends: ['confirmed', 'out-of-stock'] },
  { order: order('TEA-EARL-GREY', 1, 'pm_card_500_after'), ends: ['confirmed'] },
]
export const orders = planned.map(({ order }) => order)

/** What the request with this number asked for: orders are placed in turn. */
export const plannedAt = (sequence: number): Planned => planned[sequence % planned.length] as Planned

function order(sku: string, quantity: number, paymentMethod = 'pm_card_visa') {
  return { lines: [{ sku, quantity }], paymentMethod, contact: { email: 'ada@example.com' } }
}
