import { type Decided, type Domain, decideBatch, type Outcome, type Request } from './batch.ts'
import type { Clock } from './clock.ts'
import { createCollector } from './collector.ts'
import type { Key } from './decider.ts'
import { type DueWork, type OutboxRow, type Saved, type Store, Unavailable } from './store.ts'

/** Takes one command, and answers when its effect is durable (or it was refused, or had its effect before). */
export type Handle<State, Command, Event, Refusal> = (
  request: Request<Command>,
) => Promise<Outcome<State, Event, Refusal>>

export interface HandlerOptions<State, Event> {
  readonly clock: Clock
  /** How long the writer has its messages to itself, in milliseconds: 30 s. */
  readonly lease?: number
  /** How long it has its work to itself, where that is due at once, in milliseconds: as long as messages. */
  readonly workLease?: number | undefined
  /** Called once per commit with what it left to send and to do at once. Must not throw. */
  readonly onSaved?: (saved: { outbox: readonly OutboxRow[]; work: readonly DueWork[] }) => void
  /** Called for each command that had an effect, after it is durable: for metrics and logs. Must not throw. */
  readonly onAccepted?: (outcome: { events: readonly Event[]; state: State }) => void
  /** Called for each command whose cause was known: for the metric of dropped duplicates. Must not throw. */
  readonly onRepeated?: (home: Key) => void
  /** Wraps each commit, for a span and a duration. */
  readonly commit?: <T>(batch: readonly { readonly origin?: unknown }[], run: () => Promise<T>) => Promise<T>
}

const leaseDefault = 30_000
/** A stale row means that somebody else made progress, so this many times in a row is a fault. */
const staleAtMost = 20

interface Waiting<State, Command, Event, Refusal> {
  readonly request: Request<Command>
  readonly keys: readonly Key[]
  readonly resolve: (outcome: Outcome<State, Event, Refusal>) => void
  readonly reject: (error: unknown) => void
  stale: number
}

/**
 * The one loop that runs every domain: load → decide → evolve → save, many commands in one commit.
 * An unexpected error bisects the batch, so that one bad command harms no neighbour; `Unavailable` fails the whole
 * batch, because trying the halves would not help.
 */
export function createHandler<State, Command, Event extends { readonly type: string }, Refusal, Row>(
  domain: Domain<State, Command, Event, Refusal, Row>,
  store: Store<Row>,
  options: HandlerOptions<State, Event>,
): Handle<State, Command, Event, Refusal> {
  type Item = Waiting<State, Command, Event, Refusal>
  const { clock, lease = leaseDefault, workLease } = options
  const commit = options.commit ?? ((_batch, run) => run())
  const collector = createCollector<Item>(store.pace, clock.defer, run)

  async function run(batch: Item[]): Promise<void> {
    const requests = batch.map(({ request }) => request)
    let decided: Decided<State, Event, Refusal, Row>[] = []
    let saved: readonly Saved[]
    try {
      const keys = [...new Set(batch.flatMap((item) => item.keys))].sort()
      const causes = requests.map(({ cause }) => cause)
      saved = await commit(requests, () =>
        store.transact({ keys, causes }, (loaded) => {
          decided = decideBatch(domain, requests, loaded, { now: clock.now(), lease, workLease })
          return decided.flatMap(({ change }) => change ?? [])
        }),
      )
    } catch (error) {
      return bisect(batch, error)
    }
    settle(batch, decided, saved, options, putBack)
  }

  async function bisect(batch: Item[], error: unknown): Promise<void> {
    if (batch.length === 1 || error instanceof Unavailable) {
      for (const { reject } of batch) reject(error)
      return
    }
    const half = batch.length >> 1
    await run(batch.slice(0, half))
    await run(batch.slice(half))
  }

  function putBack(item: Item) {
    item.stale += 1
    if (item.stale < staleAtMost) collector.putBack(item)
    else item.reject(new Error(`still stale after ${item.stale} attempts: ${item.keys.join(', ')}`))
  }

  return (request) =>
    new Promise((resolve, reject) => {
      collector.add({ request, keys: domain.scope.keys(request.command), resolve, reject, stale: 0 })
    })
}

/** Tells everyone who waits what came of it, and hands on what the commit left to send and to do. */
function settle<State, Command, Event, Refusal, Row>(
  batch: Waiting<State, Command, Event, Refusal>[],
  decided: Decided<State, Event, Refusal, Row>[],
  saved: readonly Saved[],
  { onSaved, onAccepted, onRepeated }: HandlerOptions<State, Event>,
  putBack: (item: Waiting<State, Command, Event, Refusal>) => void,
) {
  const outbox: OutboxRow[] = []
  const work: DueWork[] = []
  const stale: typeof batch = []
  // A repetition within the batch, or a refusal, may rest on a change that did not come about: it is decided again too.
  const doubtful = saved.includes('stale')
  let position = 0
  batch.forEach((item, index) => {
    const { outcome, change } = decided[index] as Decided<State, Event, Refusal, Row>
    if (change ? saved[position++] === 'stale' : doubtful) {
      stale.push(item)
      return
    }
    if (change) {
      outbox.push(...change.outbox)
      work.push(...change.schedule.filter(({ dueAt }) => dueAt <= change.at))
    }
    if (outcome.status === 'accepted') onAccepted?.(outcome)
    if (outcome.status === 'repeated') onRepeated?.(outcome.home)
    item.resolve(outcome)
  })
  for (const item of stale.reverse()) putBack(item)
  if (outbox.length > 0 || work.length > 0) onSaved?.({ outbox, work })
}
