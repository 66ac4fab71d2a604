import { randomUUID } from 'node:crypto'
import { idOf, type Key } from '@flotilla/decider/decider'
import type { Cause, Change, DueWork, OutboxRow, Store } from '@flotilla/decider/store'

/** A row of one kind that a table takes. */
export interface Sample<Row> {
  readonly key: Key
  readonly state: Row
}

const minute = 60_000
const month = 30 * 24 * 60 * minute

/**
 * For tests: has a store do all that it can, so that it sends every statement it has. `samples` gives one new row of each kind; rows
 * may follow each other. What it makes stays.
 */
export async function exercise<Row>(store: Store<Row>, samples: () => readonly Sample<Row>[]): Promise<void> {
  const all = samples()
  for (const rows of [all, ...all.map((_, index) => samples().slice(index, index + 1))]) await change(store, rows)
  const now = Date.now()
  const claimed = await store.claimOutbox(now, now + minute, 5)
  // One goes with the next save, the others alone, before the next claim.
  await store.forget(claimed.slice(0, 1).map(({ id }) => id))
  await change(store, samples())
  await store.forget(claimed.slice(1).map(({ id }) => id))
  await store.claimOutbox(now, now + minute, 5)
  const work = await store.claimWork(now, now + minute, 5)
  await Promise.all(work.map((held) => store.postpone(held, now + 2 * minute, held.attempts)))
  await store.prune(now + month, 2)
  await store.backlog()
}

/** Adds rows, changes them by due work, and asks for them. */
async function change<Row>(store: Store<Row>, samples: readonly Sample<Row>[]) {
  const [first] = samples
  if (!first) throw new Error('there is no sample to change')
  const home = first.key
  const at = Date.now()
  const [done, replaced, cancelled] = ['done', 'replaced', 'cancelled'].map((kind) => workOf(home, kind, at))
  if (!(done && replaced && cancelled)) throw new Error('there is no work')
  const nothing = { home, at, history: [], outbox: [], schedule: [], cancel: [], rows: [] }
  const added = versions(samples, 0)
  await save(store, samples, [
    {
      ...nothing,
      cause: { kind: 'message', id: randomUUID() },
      rows: added,
      history: [{ key: home, version: 1, index: 0, at, type: 'Added', body: '{}' }],
      outbox: [1, 2, 3].map((index) => messageOf(home, index, at)),
      schedule: [done, replaced, cancelled, workOf(home, 'left', at)],
    },
    { ...nothing, cause: { kind: 'request', id: randomUUID(), fingerprint: randomUUID() } },
  ])
  const changed = versions(samples, 1)
  const cause: Cause = { kind: 'work', id: done.id }
  await save(store, samples, [{ ...nothing, cause, rows: changed, schedule: [replaced], cancel: [cancelled.id] }])
  for (const { key } of samples) await store.transact({ keys: [key], causes: [cause] }, () => [])
}

async function save<Row>(store: Store<Row>, samples: readonly Sample<Row>[], changes: readonly Change<Row>[]) {
  const wanted = { keys: samples.map(({ key }) => key), causes: changes.map(({ cause }) => cause) }
  const saved = await store.transact(wanted, () => changes)
  if (saved.some((each) => each !== 'saved')) throw new Error(`not all was saved: ${saved.join(', ')}`)
}

const versions = <Row>(samples: readonly Sample<Row>[], expected: number) =>
  samples.map(({ key, state }) => ({ key, state, expected, version: expected + 1 }))

const messageOf = (home: Key, index: number, at: number): OutboxRow => ({
  id: `${home}.1.${index}`,
  topic: 'orders',
  type: 'order.placed.v1',
  correlationId: idOf(home),
  body: '{}',
  properties: { paymentDue: 'true' },
  leaseUntil: at - minute,
})

const workOf = (home: Key, kind: string, at: number): DueWork => ({
  id: `${kind}:${home}`,
  kind,
  home,
  payload: {},
  dueAt: at - minute,
  visibleAt: at - minute,
  attempts: 0,
})
