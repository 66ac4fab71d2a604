/** What ten thousand runs must have been through; what never happened among so many is not tested at all. */
export const expected: readonly string[] = [
  'path: order confirmed',
  'path: order cancelled: customer-request',
  'path: order cancelled: expired',
  'path: order cancelled: out-of-stock',
  'path: order cancelled: payment-declined',
]
