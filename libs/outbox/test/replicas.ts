import type { Domain } from '@flotilla/decider/batch'
import type { Clock } from '@flotilla/decider/clock'
import { keyOf, single } from '@flotilla/decider/decider'
import { createHandler } from '@flotilla/decider/handler'
import { ManualClock } from '@flotilla/decider/manual-clock'
import type { Store } from '@flotilla/decider/store'
import { table } from '@flotilla/decider/table'
import { expect, test } from 'vitest'
import { createRelay } from '../src/relay.ts'
import { createSweeper } from '../src/sweeper.ts'
import { createWorkRunner } from '../src/work.ts'
import { Broker } from './broker.ts'
import { mortal } from './replica.ts'

export interface Parcel {
  readonly done: readonly string[]
}
type Command = { readonly type: 'placed' | 'mailed' | 'expired'; readonly id: string; readonly at: number }

/** Placing tells the world, asks for a mail now, and sets a deadline in a minute. */
const domain: Domain<Parcel, Command, Command, never, Parcel> = {
  decider: {
    decide: (_state, command) => ({ accepted: true, events: [command] }),
    evolve: (state, event) => ({ done: [...state.done, event.type] }),
  },
  scope: single<Parcel, Command>((command) => keyOf('parcel', command.id), { done: [] }),
  announce: ({ type, id, at }) =>
    type === 'placed'
      ? {
          publish: [{ type: 'order.cancelled.v1', data: { orderId: id } as never }],
          schedule: [
            { id: `mail:${id}`, kind: 'mail', payload: { id } },
            { id: `deadline:${id}`, kind: 'deadline', payload: { id }, dueAt: at + 60_000 },
          ],
        }
      : {},
}

/** The table `parcel`: text id, version, body. */
export const parcels = table<Parcel>()({
  kind: 'parcel',
  name: 'parcel',
  id: 'text',
  columns: { body: { type: 'json', write: (row) => row } },
  read: ({ body }) => body as Parcel,
})

interface World {
  readonly clock: ManualClock
  readonly broker: Broker
  readonly mails: string[]
}

/** What the replicas share: a database with the table `parcel`. */
export interface Bed {
  open(clock: Clock): Store<Parcel>
  /** Resolves when the database has answered all that it was asked. */
  answered(): Promise<void>
}

function createReplica(world: World, bed: Bed) {
  const { clock, end } = mortal(world.clock)
  const store = bed.open(clock)
  const relay = createRelay({ store, publish: world.broker.publish, clock })
  const id = (payload: unknown) => (payload as { id: string }).id
  const runner = createWorkRunner<Command>({
    store,
    clock,
    workers: {
      async mail({ payload }) {
        world.mails.push(id(payload))
        return { command: { type: 'mailed', id: id(payload), at: clock.now() } }
      },
      deadline: async ({ payload }) => ({ command: { type: 'expired', id: id(payload), at: clock.now() } }),
    },
    finish: (work, command) => handle({ command, cause: { kind: 'work', id: work.id } }),
  })
  const replica = { store, sweeper: createSweeper({ store, relay, runner, clock }), dies: false, place }
  const handle = createHandler(domain, store, {
    clock,
    onSaved({ outbox, work }) {
      if (replica.dies) return end()
      relay.offer(outbox)
      runner.offer(work)
    },
  })
  function place(id: string) {
    return handle({ command: { type: 'placed', id, at: clock.now() }, cause: { kind: 'message', id } })
  }
  replica.sweeper.start()
  return replica
}

/** Time passes only as fast as the database answers. */
async function pass({ clock }: World, bed: Bed, milliseconds: number) {
  for (let left = milliseconds; left > 0; left -= 250) {
    await bed.answered()
    await clock.pass(Math.min(250, left))
  }
  await bed.answered()
  await clock.settle()
}

async function load(store: Store<Parcel>, ids: readonly string[]): Promise<Parcel[]> {
  let rows: Parcel[] = []
  await store.transact({ keys: ids.map((id) => keyOf('parcel', id)), causes: [] }, (loaded) => {
    rows = [...loaded.rows.values()].map(({ state }) => state)
    return []
  })
  return rows
}

export function replicasTest(bed: () => Bed) {
  test('two replicas send everything once, mail it once and keep every deadline, also what one left that died after its commit', async () => {
    const clock = new ManualClock(Date.UTC(2030, 0, 1))
    const world = { clock, broker: new Broker(clock), mails: [] as string[] }
    const [first, second] = [createReplica(world, bed()), createReplica(world, bed())]
    const ids = Array.from({ length: 300 }, (_, index) => `p${index}`)
    const placing = ids.slice(0, 200).map((id, index) => (index % 2 === 0 ? first : second).place(id))
    await pass(world, bed(), 1_000)
    await Promise.all(placing)
    expect(world.broker.delivered).toHaveLength(200)
    expect(world.mails).toHaveLength(200)
    first.dies = true
    const lost = ids.slice(200).map((id) => first.place(id))
    await pass(world, bed(), 28_000)
    await Promise.all(lost)
    expect(world.broker.delivered).toHaveLength(200)
    await pass(world, bed(), 4_000)
    expect(new Set(world.broker.ids()).size).toBe(300)
    expect(world.broker.delivered).toHaveLength(300)
    expect([...world.mails].sort()).toEqual([...ids].sort())
    await pass(world, bed(), 30_000)
    const rows = await load(second.store, ids)
    expect(rows).toHaveLength(300)
    for (const { done } of rows) expect(done).toEqual(['placed', 'mailed', 'expired'])
    expect(await second.store.backlog()).toEqual({ oldestOutboxAt: undefined, oldestDueAt: undefined })
    await second.sweeper.stop()
  })
}
