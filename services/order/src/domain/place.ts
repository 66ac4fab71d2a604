import type { Line, OrderRefusal, Place, Placed } from './order.ts'

/** Prices an order from the price list, or says what stands in the way. One order, one currency. */
export function price(place: Place): { readonly placed: Placed } | { readonly refusal: OrderRefusal } {
  const { orderId, customer, email, paymentMethod, at, deadline } = place
  const lines: Line[] = []
  let currency: string | undefined
  let total = 0
  for (const [index, { sku, quantity }] of place.lines.entries()) {
    if (lines.some((line) => line.sku === sku)) return { refusal: { code: 'repeated-sku', line: index, sku } }
    const listed = place.prices.get(sku)
    if (!listed) return { refusal: { code: 'unknown-sku', line: index, sku } }
    currency ??= listed.currency
    if (listed.currency !== currency) {
      return { refusal: { code: 'mixed-currencies', line: index, currencies: [currency, listed.currency] } }
    }
    total += quantity * listed.price
    lines.push({ sku, quantity, unitPrice: listed.price })
  }
  if (!Number.isSafeInteger(total)) return { refusal: { code: 'total-too-large' } }
  if (currency === undefined) return { refusal: { code: 'contradiction', detail: 'an order has at least one line' } }
  if (place.expectedTotal !== undefined && place.expectedTotal !== total) {
    return { refusal: { code: 'price-changed', total, currency } }
  }
  return { placed: { orderId, customer, email, paymentMethod, currency, total, lines, placedAt: at, deadline } }
}
