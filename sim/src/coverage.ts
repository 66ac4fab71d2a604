/** What ten thousand runs must have been through: what never happens among so many is not tested at all. */

const each = (prefix: string, names: readonly string[]) => names.map((name) => `${prefix} ${name}`)

const subscriptions = [
  'orders/inventory',
  'orders/payment',
  'orders/notification',
  'inventory/order',
  'payments/order',
  'notifications/order',
]
const requests = ['create', 'confirm', 'cancel', 'refund'].map((what) => `card-processor ${what}`)
/** Calls that change something, where a process may die, be refused, or not hear what came of it. */
const calls = [
  ...['send', 'complete', 'abandon'].map((what) => `broker ${what}`),
  ...['order-db', 'inventory-db'].flatMap((to) => [`${to} transact`, `${to} forget`]),
  'payment-db transact',
  ...['save', 'forget'].map((what) => `notification-db ${what}`),
  ...requests,
  'mail-server send',
]
/** Where processes die too seldom to count on it. */
const seldom = [
  ...['claim work', 'forget', 'postpone'].map((what) => `payment-db ${what}`),
  'order-db claim work',
  'notification-db claim',
]
const databases = ['order-db', 'inventory-db', 'payment-db', 'notification-db']

export const expected: readonly string[] = [
  ...each('fault: death', calls),
  ...calls.map((call) => `fault: death ${call} unheard`),
  ...['refused', 'lost', 'slow'].flatMap((fault) => each(`fault: ${fault}`, [...calls, ...seldom])),
  ...requests.flatMap((request) => [`fault: refused ${request} 500`, `fault: lost ${request} 500`]),
  ...each('fault: refused', ['mail-server greylist', 'notification-db status', 'notification-db partition']),
  ...each('fault: lost', ['HTTP order', 'HTTP inventory', 'notification-db status']),
  ...['delay', 'duplicate', 'lock', 'aside', 'replay'].flatMap((fault) => each(`fault: ${fault}`, subscriptions)),
  ...each('fault: away', ['broker send', 'card-processor create', 'mail-server send', 'notification-db save']),
  ...['order-db', 'inventory-db', 'payment-db'].map((to) => `fault: away ${to} transact`),
  ...each('fault: away', ['broker send unheard', 'broker complete unheard']),
  ...each('late:', ['broker send', 'broker complete']),
  ...each('path: order cancelled:', ['customer-request', 'expired', 'out-of-stock', 'payment-declined']),
  ...each('path:', ['order confirmed', 'stock sold', 'stock released', 'stock rejected', 'stock shut']),
  ...each('path: payment', ['captured', 'declined', 'cancelled', 'refunded', 'shut']),
  ...each('path: mail order-confirmed', ['sent', 'failed']),
  ...each('path: mail order-cancelled', ['sent', 'failed']),
  ...each('scene: outage of', [...databases, 'broker', 'card-processor', 'mail-server']),
  ...each('scene:', ['order', 'restock', 'price', 'rebuild', 'kill', 'restart']),
  'restart: in order',
  'broker: duplicates dropped',
]
