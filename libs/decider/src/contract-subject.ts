import { onTestFinished } from 'vitest'
import type { ContractRow } from './contract-domain.ts'
import type { Key } from './decider.ts'
import type { Cause, Change, HistoryEntry, Loaded, Saved, Store } from './store.ts'

/** A store over data of its own, given to one test. */
export interface Subject {
  readonly store: Store<ContractRow>
  /** Another store over the same data, as another process has it. */
  second(): Promise<Store<ContractRow>>
  /** From the first event to the last. */
  history(home: Key): Promise<readonly HistoryEntry[]>
  /** Takes the database away from `store`. */
  break(): Promise<void>
  /** Closes and removes everything, also after `break`. */
  dispose(): Promise<void>
}

/** What not every database can do. The tests of what it cannot are skipped by name. */
export interface Capabilities {
  /** Changes of several rows, and `follow`. */
  readonly manyRows: boolean
  /** CHECK constraints, as `contractTables` says. */
  readonly constraints: boolean
  /** `prune` deletes causes when they have outlived their time; otherwise they go with their row. */
  readonly prunes: boolean
}

export interface Contract {
  readonly make: () => Promise<Subject>
  readonly can: Capabilities
}

export async function subjectOf({ make }: Contract): Promise<Subject> {
  const subject = await make()
  onTestFinished(() => subject.dispose())
  return subject
}

/** What a batch that asks for this is given; changes nothing. */
export async function load(
  store: Store<ContractRow>,
  keys: readonly Key[],
  causes: readonly Cause[] = [],
): Promise<Loaded<ContractRow>> {
  let seen: Loaded<ContractRow> | undefined
  await store.transact({ keys, causes }, (loaded) => {
    seen = { rows: new Map(loaded.rows), known: new Map(loaded.known) }
    return []
  })
  if (!seen) throw new Error('the store did not ask for a decision')
  return seen
}

/** Saves changes as they are, whatever is loaded. */
export const save = (store: Store<ContractRow>, ...changes: Change<ContractRow>[]): Promise<readonly Saved[]> =>
  store.transact(
    {
      keys: [...new Set(changes.flatMap(({ rows }) => rows.map(({ key }) => key)))].sort(),
      causes: changes.map(({ cause }) => cause),
    },
    () => changes,
  )

export const later = (milliseconds: number): number => Date.now() + milliseconds
export const second = 1_000
export const hour = 3_600_000
export const day = 24 * hour
