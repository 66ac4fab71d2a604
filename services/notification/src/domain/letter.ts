import type { KnownNotification } from './notification.ts'

export interface Letter {
  /** One end of an order has one Message-ID, however often it is sent. Without angle brackets. */
  readonly messageId: string
  readonly subject: string
  readonly text: string
}

const because: Readonly<Record<string, string>> = {
  'out-of-stock': 'we do not have enough in stock',
  'unknown-sku': 'we no longer sell one of its items',
  'payment-declined': 'the payment was declined',
  expired: 'it could not be completed in time',
  'customer-request': 'you asked us to',
}

/** What the customer reads. `mailDomain` is the right-hand side of the Message-ID. */
export function write({ orderId, end, total, currency }: KnownNotification, mailDomain: string): Letter {
  const messageId = `${orderId}.${end.kind}@${mailDomain}`
  if (end.kind === 'order-confirmed') {
    const lines = end.lines.map(
      ({ sku, quantity, unitPrice }) => `  ${quantity} x ${sku} at ${money(unitPrice, currency)}`,
    )
    const text = ['Thank you, your order is confirmed.', '', ...lines, '', `Total: ${money(total, currency)}`, '']
    return { messageId, subject: `Your order ${orderId} is confirmed`, text: [...text, `Order ${orderId}`].join('\n') }
  }
  const reason = because[end.reason] ?? end.reason
  const text = [
    `Your order was cancelled, because ${reason}.`,
    '',
    'Anything that was charged is refunded in full.',
    '',
  ]
  return { messageId, subject: `Your order ${orderId} was cancelled`, text: [...text, `Order ${orderId}`].join('\n') }
}

const formats = new Map<string, Intl.NumberFormat>()

/** Minor units as a person reads them: 1250 EUR is €12.50, 500 JPY is ¥500. */
function money(amount: number, currency: string): string {
  let format = formats.get(currency)
  if (!format) {
    format = new Intl.NumberFormat('en', { style: 'currency', currency })
    formats.set(currency, format)
  }
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2))
}
