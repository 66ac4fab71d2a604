import type { Twin } from '@flotilla/store-cosmos/twin'
import {
  type All,
  type NotificationDocument,
  owedBy,
  readNotifications,
  readOrders,
  readPayments,
  readStock,
} from '@flotilla/verify/databases'
import type { Records } from '@flotilla/verify/records'
import type { SimDatabase, SqlService } from './database.ts'

/** All that is written of what happened: in the databases, and in the outside world's own books. */
export interface Books extends Pick<Records, 'at' | 'intents' | 'mails' | 'queues'> {
  readonly databases: Readonly<Record<SqlService, SimDatabase>>
  readonly twin: Twin
}

/** The books as `check` takes them. */
export function readRecords({ databases, twin, ...others }: Books): Records {
  const reader = ({ database }: SimDatabase): All => {
    return <Row>(sql: string) => database.prepare(sql).all() as Row[]
  }
  const documents = readNotifications(twin.all() as unknown as readonly NotificationDocument[])
  const owed = Object.entries(databases).map(([service, database]) => owedBy(service, reader(database)))
  return {
    ...others,
    ...documents,
    owed: [...owed, documents.owed],
    ...readPayments(reader(databases.payment)),
    ...readStock(reader(databases.inventory)),
    ...readOrders(reader(databases.order)),
  }
}
