import type { Message } from '@flotilla/contracts/message'
import type { Records } from '@flotilla/verify/records'
import type { Ledger } from './customers.ts'
import type { SqlService } from './database.ts'
import type { Settings } from './plan.ts'

/** When a dependency hindered the fleet, or a process of a service died. Milliseconds since the epoch. */
export interface Hindrance {
  readonly what: string
  readonly from: number
  readonly to: number
  /** It may have done what it was asked, and the process cannot know. */
  readonly unsure: boolean
}

/** A message that was put aside for good. */
export interface DeadLetter {
  readonly queue: string
  readonly message: Message
  readonly reason: string
  readonly description: string
}

/** How it all ended: in the databases, in the books of the outside world, and by what somebody was told. */
export interface End {
  readonly settings: Settings
  readonly records: Records
  readonly ledger: Ledger
  readonly hindrances: readonly Hindrance[]
  readonly deadLetters: readonly DeadLetter[]
  /** When each order was first in its database, in milliseconds since the epoch. */
  readonly storedAt: ReadonlyMap<string, number>
  /** How often faults struck, and how often the broker dropped what it had. */
  readonly struck: number
  readonly duplicates: number
  /** Each copy on the wire, and when the mail server took it, in milliseconds since the epoch. */
  readonly wire: readonly { readonly messageId: string; readonly at: number }[]
  /** Types of the events that are remembered of each notification. */
  readonly told: ReadonlyMap<string, readonly string[]>
  rows<Row>(of: SqlService, sql: string): Row[]
}
