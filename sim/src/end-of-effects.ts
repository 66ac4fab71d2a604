import { services } from '@flotilla/contracts/topology'
import { blobToUuid } from '@flotilla/decider/uuid'
import type { SqlService } from './database.ts'
import type { End, Hindrance } from './end.ts'
import { socketTimeout } from './mail-server.ts'
import type { Finding } from './world.ts'

/** What a worker came to is kept for so long at least, until the database can store it. Milliseconds. */
const keptFor = 15_000
const sqlServices = services.filter((service): service is SqlService => service !== 'notification')

/** P5, P6: each receipt that was answered counts once. */
export function received({ rows, ledger: { receipts } }: End): Finding[] {
  const wanted = new Map<string, number>()
  for (const { sku, quantity } of receipts.values()) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity)
  const items = rows<{ sku: string; received: number }>('inventory', 'SELECT id AS sku, received FROM item')
  const stored = new Map(items.map(({ sku, received }) => [sku, received]))
  return [...new Set([...wanted.keys(), ...stored.keys()])].flatMap((sku): Finding[] => {
    const [should, is] = [wanted.get(sku) ?? 0, stored.get(sku)]
    if (is === should) return []
    return [{ promise: 'P5', about: sku, what: `${should} pieces were received, and ${is ?? 'none'} are in the books` }]
  })
}

/** P5: nothing happens twice to an order, its stock, its payment or its mail, whatever was said twice. */
export function effects({ rows, told }: End): Finding[] {
  const sql = `SELECT home, type FROM history WHERE home NOT LIKE 'item:%' GROUP BY home, type HAVING count(*) > 1`
  const stored = sqlServices.flatMap((service) => rows<{ home: string; type: string }>(service, sql))
  const mailed = [...told].flatMap(([home, types]) =>
    types.filter((type, index) => types.indexOf(type) < index).map((type) => ({ home, type })),
  )
  return [...stored, ...mailed].map(({ home, type }) => {
    return { promise: 'P5', about: home, what: `${type} happened more than once` }
  })
}

/** P5: the view of the prices has become what the catalogue is. */
export function prices({ rows }: End): Finding[] {
  const said = (of: SqlService, table: string) =>
    rows<{ id: string; said: string }>(of, `SELECT id, listing || ': ' || price AS said FROM ${table}`)
  const shown = new Map(said('order', 'price').map(({ id, said }) => [id, said]))
  return said('inventory', 'item').flatMap(({ id, said }): Finding[] => {
    const is = shown.get(id) ?? 'nothing'
    return is === said ? [] : [{ promise: 'P5', about: id, what: `is listed as ${said}, and the price list has ${is}` }]
  })
}

/** P6: a price that was set is the price. */
export function listed({ rows, ledger }: End): Finding[] {
  return rows<{ sku: string; price: number }>('inventory', 'SELECT id AS sku, price FROM item').flatMap(
    ({ sku, price }): Finding[] => {
      const set = ledger.prices.get(sku)
      if (set === undefined || set === 'several' || set === price) return []
      return [{ promise: 'P6', about: sku, what: `was set to ${set}, and costs ${price}` }]
    },
  )
}

/** P4: only who has no mailbox is told nothing, and a second copy needs a crash or a lost answer after the first. */
export function mails({ rows, hindrances, wire, records: { notifications } }: End): Finding[] {
  const sql = "SELECT id FROM orders WHERE body ->> 'email' LIKE 'refused.%'"
  const refused = new Set(rows<{ id: Uint8Array }>('order', sql).map(({ id }) => blobToUuid(id)))
  const givenUp = notifications.filter(({ orderId, status }) => status === 'failed' && !refused.has(orderId))
  const again = [...Map.groupBy(wire, ({ messageId }) => messageId)].flatMap(([about, copies]) =>
    copies.slice(1).flatMap((copy, index) => (isExcused(hindrances, copies[index]?.at ?? 0, copy.at) ? [] : about)),
  )
  return [
    ...givenUp.map(({ orderId }) => {
      return { promise: 'P4', about: orderId, what: 'was given up, though its mail was not refused for good' }
    }),
    ...again.map((about) => ({ promise: 'P4', about, what: 'was sent again, without a crash' })),
  ]
}

/** Whether something came between two copies of a mail: a death, an answer that was lost, a database that could store nothing. */
function isExcused(hindrances: readonly Hindrance[], first: number, second: number): boolean {
  const between = hindrances.filter(({ from, to }) => first - socketTimeout <= to && from <= second)
  const away = between.filter(({ what }) => what === 'notification-db')
  return (
    between.some(({ what, unsure }) => what === 'notification' || (what === 'mail-server' && unsure)) ||
    covered(away, first, second) > keptFor
  )
}

/** For how long some of them lasted between two moments, in milliseconds. */
function covered(hindrances: readonly Hindrance[], first: number, second: number): number {
  let [sum, until] = [0, first]
  for (const { from, to } of hindrances.toSorted((one, other) => one.from - other.from)) {
    const [begin, end] = [Math.max(from, until), Math.min(to, second)]
    if (end <= begin) continue
    sum += end - begin
    until = end
  }
  return sum
}

/** Where nothing goes wrong, nothing is done twice. */
export function fine({ struck, hindrances, duplicates, records: { intents } }: End): Finding[] {
  if (struck > 0 || hindrances.length > 0) return []
  const charged = [...Map.groupBy(intents, ({ orderId }) => String(orderId))]
  return [
    ...(duplicates === 0
      ? []
      : [{ promise: 'P5', about: 'the broker', what: `was sent ${duplicates} messages twice, for no reason` }]),
    ...charged.flatMap(([about, all]): Finding[] =>
      all.length === 1 ? [] : [{ promise: 'P5', about, what: `has ${all.length} intents, for no reason` }],
    ),
  ]
}

/** Nothing here sends what cannot be read, so no message may have been put aside for good. */
export const noneAside = ({ deadLetters }: End): Finding[] =>
  deadLetters.map(({ queue, message, reason, description }) => {
    return { promise: 'P5', about: queue, what: `${message.id} is a dead letter: ${reason}: ${description}` }
  })
