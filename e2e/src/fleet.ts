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

/** Most are plain; some are declined, some ask for what there is little of, some have a trying card. */
export const orders = [
  ...Array.from({ length: 7 }, () => order('TEA-SENCHA', 1)),
  order('CUP-STONEWARE', 2),
  order('TEA-EARL-GREY', 1, 'pm_card_visa_chargeDeclined'),
  order('POT-CAST-IRON', 1),
  order('TEA-EARL-GREY', 1, 'pm_card_500_after'),
] as const

function order(sku: string, quantity: number, paymentMethod = 'pm_card_visa') {
  return { lines: [{ sku, quantity }], paymentMethod, contact: { email: 'ada@example.com' } }
}
