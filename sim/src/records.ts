import type { Twin } from '@flotilla/store-cosmos/twin'
import { type Book, books, type NotificationDocument, readNotifications } from '@flotilla/verify/databases'
import type { Records } from '@flotilla/verify/records'
import type { SimDatabase, SqlService } from './database.ts'

/** All that is written of what happened: in the databases, and in the outside world's own books. */
export interface Books extends Pick<Records, 'at' | 'intents' | 'mails' | 'queues'> {
  readonly databases: Readonly<Record<SqlService, SimDatabase>>
  readonly twin: Twin
}

/** The books as `check` takes them. */
export function readRecords({ databases, twin, ...others }: Books): Records {
  const read = <Said>({ database }: SimDatabase, { statements, read }: Book<Said>): Said =>
    read(statements.map((sql) => database.prepare(sql).all()))
  const documents = readNotifications(twin.all() as unknown as readonly NotificationDocument[])
  const order = read(databases.order, books.order)
  const inventory = read(databases.inventory, books.inventory)
  const payment = read(databases.payment, books.payment)
  return {
    ...others,
    ...documents,
    ...payment,
    ...inventory,
    ...order,
    owed: [order.owed, inventory.owed, payment.owed, documents.owed],
  }
}
