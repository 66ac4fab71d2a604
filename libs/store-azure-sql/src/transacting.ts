import { type Held, isEmpty, type Plan, planChanges } from '@flotilla/decider/plan'
import {
  type Change,
  causeKey,
  type Loaded,
  type Saved,
  type Store,
  Unavailable,
  type Wanted,
} from '@flotilla/decider/store'
import type { Connection, Database, Found } from './database.ts'
import { Interrupted, Refused } from './failure.ts'
import { withoutValues } from './faults.ts'
import { loadingOf } from './loading.ts'
import type { Forgotten } from './pending.ts'
import { type SavingOptions, savingOf } from './saving.ts'
import type { Tables } from './tables.ts'

type Decide<Row> = (loaded: Loaded<Row>) => readonly Change<Row>[]

/** Somebody else changed what a plan rests on between its load and its save; nothing of it was written. */
class Conflict extends Error {
  readonly refused: Refused | undefined

  constructor(refused?: Refused) {
    super('what was decided on has changed')
    this.refused = refused
  }
}

/** Each is somebody else's progress, or an answer that was lost. */
const roundsAtMost = 5
/** A key that is taken, and of which a new load shows nothing, is a constraint that the change breaks. */
const takenAtMost = 3
const isTaken = (error: unknown): error is Refused => error instanceof Refused && [2601, 2627].includes(error.number)

export interface TransactingOptions<Row> {
  readonly database: Database
  readonly tables: Tables<Row>
  readonly forgotten: Forgotten
}

export interface Transacting<Row> {
  readonly transact: Store<Row>['transact']
  /** Saves that wrote something, changes saved and changes found stale. */
  counted(): { readonly commits: number; readonly saved: number; readonly stale: number }
}

/** Load, decide, save: again when what was decided on has changed meanwhile, or when nobody knows whether it was saved. */
export function createTransacting<Row>({ database, tables, forgotten }: TransactingOptions<Row>): Transacting<Row> {
  const counted = { commits: 0, saved: 0, stale: 0 }

  async function once(wanted: Wanted, decide: Decide<Row>, on: Connection, options: SavingOptions) {
    const loading = loadingOf(tables, wanted, options.isInTransaction)
    const loaded = loading.read(loading.statement ? await on.run(loading.statement).catch(unanswered) : [])
    const plan = planChanges(decide(loaded), heldAs(loaded, wanted))
    if (isEmpty(plan)) return plan
    const [conflicts] = await on.run(savingOf(tables, plan, options))
    const conflict = conflicts?.[0]
    if (conflict) throw new Conflict(refusedBy(conflict))
    return plan
  }

  /** One attempt, its transaction included. */
  async function attempt(wanted: Wanted, decide: Decide<Row>): Promise<Plan<Row>> {
    const isInTransaction = tables.areContended(wanted.keys)
    const { ids, done, left } = forgotten.taken()
    const run = (on: Connection) => once(wanted, decide, on, { forgotten: ids, isInTransaction })
    try {
      const plan = await (isInTransaction ? database.transaction(run).catch(asConflict) : run(database))
      if (isEmpty(plan)) left()
      else {
        counted.commits += 1
        done()
      }
      return plan
    } catch (error) {
      left()
      throw error
    }
  }

  async function transact(wanted: Wanted, decide: Decide<Row>): Promise<readonly Saved[]> {
    for (let round = 1, taken = 0; ; round += 1) {
      try {
        const { saved } = await attempt(wanted, decide)
        for (const each of saved) counted[each] += 1
        return saved
      } catch (error) {
        if (!(error instanceof Conflict || error instanceof Interrupted)) throw error
        const refused = error instanceof Conflict ? error.refused : undefined
        if (refused) taken += 1
        if (refused && taken === takenAtMost) throw refused
        if (round === roundsAtMost) throw error instanceof Conflict ? busy(error) : error
      }
    }
  }

  return { transact, counted: () => counted }
}

/** What was not asked for is taken as the change has it: the save finds out. */
function heldAs<Row>({ rows, known }: Loaded<Row>, { keys }: Wanted): Held {
  const asked = new Set(keys)
  return {
    version: (key) => rows.get(key)?.version ?? (asked.has(key) ? 0 : undefined),
    knows: (cause) => known.has(causeKey(cause)),
  }
}

const refusedBy = ({ number, message }: Found): Refused | undefined =>
  number === 0 ? undefined : new Refused(number as number, withoutValues(message as string), undefined)

/** A load was repeated already where it is asked for, and has written nothing. */
function unanswered(error: unknown): never {
  throw error instanceof Interrupted ? new Unavailable(error.message, { cause: error }) : error
}

/** In a transaction of ours a key that is taken is an error, because it dooms the transaction. */
function asConflict(error: unknown): never {
  throw isTaken(error) ? new Conflict(error) : error
}

const busy = (cause: Conflict) =>
  new Unavailable(`what was decided on has changed ${roundsAtMost} times in a row`, { cause })
