import { type Change, type Saved, type Store, Unavailable } from '@flotilla/decider/store'
import type { Owes } from './database.ts'
import type { Life, Step } from './life.ts'
import { patiently } from './patience.ts'
import type { Dependency, World } from './world.ts'

/** The database behind a store. */
export interface Behind {
  readonly world: World
  readonly life: Life
  readonly name: Dependency
  /** It is within the process, as SQLite is; otherwise over a network, as Azure SQL. */
  readonly embedded: boolean
  readonly owes: () => Owes
  /** Told at the moment at which a transaction ends what it has changed, unless that was stale. */
  readonly onCommit?: ((changes: readonly Change<unknown>[]) => void) | undefined
}

/** After which the client of a database over a network gives up, in milliseconds. What has not begun by then never does. */
const requestTimeout = 5_000

/**
 * A store as one process has it. Claims that can find nothing are nearly all that a fleet does, so they are answered at
 * once, and spared the faults that would change nothing.
 */
export function connectStore<Row>(behind: Behind, store: Store<Row>): Store<Row> {
  const { world, name, embedded, owes, onCommit } = behind
  const ask = asking(behind)
  let isClosed = false
  const call = <T>(what: string, run: () => Promise<T>, tell?: (result: T) => string): Promise<T> =>
    isClosed ? Promise.reject(new Unavailable(`${name} is closed`)) : ask(what, run, tell ? { tell } : {})
  const look = async <T>(what: string, finds: boolean, run: () => Promise<T>, nothing?: T): Promise<T> => {
    if (finds || isClosed) return call(what, run)
    if (world.isAway(name, true)) throw new Unavailable(`${name} is away`)
    return nothing ?? run()
  }
  return {
    pace: embedded ? 'turn' : 'flight',
    transact(wanted, decide) {
      let changes: readonly Change<Row>[] = []
      const run = () => {
        const saved = store.transact(wanted, (loaded) => {
          changes = decide(loaded)
          return changes
        })
        // A call to SQLite is done when it returns, before anybody else can commit.
        onCommit?.(changes)
        return saved
      }
      return call('transact', run, (saved) => storyOf(changes, saved))
    },
    forget: (ids) => call('forget', () => store.forget(ids)),
    claimOutbox: (now, leaseUntil, limit) =>
      look('claim messages', isUntil(owes().nextMessageAt, now), () => store.claimOutbox(now, leaseUntil, limit), []),
    claimWork: (now, leaseUntil, limit) =>
      look('claim work', isUntil(owes().nextWorkAt, now), () => store.claimWork(now, leaseUntil, limit), []),
    postpone: (held, visibleAt, attempts) =>
      call(
        'postpone',
        () => store.postpone(held, visibleAt, attempts),
        () => `${held.id} by ${visibleAt - Math.floor(world.time.now)} ms, attempt ${attempts}`,
      ),
    prune: (now, limit) => look('prune', false, () => store.prune(now, limit)),
    backlog: () => look('backlog', false, () => store.backlog()),
    async close() {
      isClosed = true
      await store.close()
    },
  }
}

const isUntil = (moment: number | undefined, now: number) => moment !== undefined && moment <= now

/** Reads as one process has them. */
export function connectReads<Reads extends object>(behind: Behind, reads: Reads): Reads {
  const ask = asking(behind)
  const connected = Object.entries(reads).map(([what, read]) => [
    what,
    (...of: unknown[]) => ask(what, () => read(...of), { harmless: true }),
  ])
  return Object.fromEntries(connected) as Reads
}

function asking({ life, name: to, embedded: instant }: Behind) {
  const failure = (sent: boolean) => new Unavailable(sent ? `${to} did not answer` : `${to} is away`)
  const patience = { lasts: requestTimeout, failure: () => failure(true) }
  return <T>(what: string, run: () => Promise<T>, manner: Pick<Step<T>, 'harmless' | 'tell'> = {}): Promise<T> => {
    if (instant) return life.call({ to, what, run, failure, instant, ...manner })
    return patiently(life, patience, (asked) => {
      const unlessCancelled = () => (asked.isWaiting ? run() : Promise.reject(failure(false)))
      return { to, what, run: unlessCancelled, failure, ...manner }
    })
  }
}

/** What came of each cause. */
const storyOf = (changes: readonly Change<unknown>[], saved: readonly Saved[]): string =>
  changes
    .map(({ cause, home, history }, index) => {
      const happened = history.map(({ type }) => type).join(' and ') || 'nothing new'
      return `${cause.kind} ${cause.id}: ${happened} of ${home} ${saved[index]}`
    })
    .join('; ') || 'nothing to save'
