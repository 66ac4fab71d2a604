/** The price list: what inventory last said of each SKU. A materialised view that takes only higher versions. */

export interface ListedPrice {
  readonly sku: string
  /** Inventory's count of changes to this SKU's listing; 0 while nothing was heard. */
  readonly version: number
  readonly name: string
  /** Integer minor units. */
  readonly price: number
  readonly currency: string
}

export interface HearPrice extends ListedPrice {
  readonly type: 'HearPrice'
}

export interface PriceTaken extends ListedPrice {
  readonly type: 'PriceTaken'
}

export const unlisted: ListedPrice = { sku: '', version: 0, name: '', price: 0, currency: '' }

export function decidePrice(known: ListedPrice, { type: _, ...listed }: HearPrice) {
  const events: readonly PriceTaken[] = listed.version > known.version ? [{ type: 'PriceTaken', ...listed }] : []
  return { accepted: true, events } as const
}

export function evolvePrice(_known: ListedPrice, { type: _, ...listed }: PriceTaken): ListedPrice {
  return listed
}
