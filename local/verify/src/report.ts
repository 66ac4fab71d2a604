import type { Finding } from './check.ts'
import type { Records } from './records.ts'

const promises: Readonly<Record<Finding['promise'], string>> = {
  P1: 'an accepted order reaches exactly one end',
  P2: 'stock is conserved',
  P3: 'money follows the order',
  P4: 'a customer is told each end of an order',
  P5: 'every message is applied once',
  P6: 'no success for something that is not durable',
}

const unread =
  'not checked: the broker is not the stand-in, so messages that still wait in it and dead letters are not known'

/** Cancellations by reason. */
function why(orders: Records['orders']): string {
  const reasons = [...Map.groupBy(orders, ({ reason }) => reason)].filter(([reason]) => reason !== null)
  return reasons.length === 0 ? '' : `: ${reasons.map(([reason, of]) => `${of.length} ${reason}`).join(', ')}`
}

/** What was read, and which promises hold: a line each, then what breaks them. */
export function report(records: Records, findings: readonly Finding[], most = 20): string {
  const { orders, intents, mails, items, queues } = records
  const count = (status: string) => orders.filter((order) => order.status === status).length
  const copies = mails.length - new Set(mails.map(({ messageId }) => messageId)).size
  const deadLetters = queues?.reduce((sum, { deadLetter }) => sum + deadLetter, 0) ?? 'unknown'
  const read =
    `${orders.length} orders (${count('confirmed')} confirmed, ${count('cancelled')} cancelled${why(orders)}, ` +
    `${count('placed') + count('reserved')} open), ${items.length} SKUs, ${intents.length} payment intents, ` +
    `${mails.length} mails (${copies} second copies), ${deadLetters} dead letters`
  const lines = Object.entries(promises).map(([promise, says]) => {
    const broken = findings.filter((finding) => finding.promise === promise)
    return [
      `${broken.length === 0 ? 'kept  ' : 'BROKEN'} ${promise} ${says}`,
      ...broken.slice(0, most).map(({ about, what }) => `         ${about} ${what}`),
      ...(broken.length > most ? [`         … and ${broken.length - most} more`] : []),
    ].join('\n')
  })
  return [read, ...(queues ? [] : [unread]), ...lines].join('\n')
}
