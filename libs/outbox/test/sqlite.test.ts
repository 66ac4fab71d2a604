import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Domain } from '@flotilla/decider/batch'
import { keyOf, single } from '@flotilla/decider/decider'
import { createHandler } from '@flotilla/decider/handler'
import { ManualClock } from '@flotilla/decider/manual-clock'
import { table } from '@flotilla/decider/table'
import { openSqlite } from '@flotilla/store-sqlite/database'
import { migrate } from '@flotilla/store-sqlite/migrations'
import { createSqliteStore } from '@flotilla/store-sqlite/store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRelay } from '../src/relay.ts'
import { createSweeper } from '../src/sweeper.ts'
import { createWorkRunner } from '../src/work.ts'
import { Broker } from './broker.ts'
import { mortal } from './replica.ts'

interface Parcel {
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

const parcels = table<Parcel>()({
  kind: 'parcel',
  name: 'parcel',
  id: 'text',
  columns: { body: { type: 'json', write: (row) => row } },
  read: ({ body }) => body as Parcel,
})

describe('on SQLite', () => {
  let folder: string
  let file: string
  const open: { close(): Promise<void> }[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outbox-'))
    file = join(folder, 'service.db')
    migrate({ file })
    const database = openSqlite({ file })
    database.exec('CREATE TABLE parcel (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) STRICT')
    database.close()
  })

  afterEach(async () => {
    for (const store of open.splice(0)) await store.close()
    await rm(folder, { recursive: true })
  })

  function createReplica(world: { clock: ManualClock; broker: Broker; mails: string[] }) {
    const { clock, end } = mortal(world.clock)
    const store = createSqliteStore<Parcel>({ database: openSqlite({ file }), tables: [parcels], clock })
    open.push(store)
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

  test('everything is sent once, mailed once and expires in time, also what a replica left that died after its commit', async () => {
    const clock = new ManualClock(Date.UTC(2030, 0, 1))
    const world = { clock, broker: new Broker(clock), mails: [] as string[] }
    const [first, second] = [createReplica(world), createReplica(world)]
    const ids = Array.from({ length: 300 }, (_, index) => `p${index}`)
    const placing = ids.slice(0, 200).map((id, index) => (index % 2 === 0 ? first : second).place(id))
    await clock.pass(1_000)
    await Promise.all(placing)
    expect(world.broker.delivered).toHaveLength(200)
    expect(world.mails).toHaveLength(200)
    first.dies = true
    const lost = ids.slice(200).map((id) => first.place(id))
    await clock.pass(29_000)
    await Promise.all(lost)
    expect(world.broker.delivered).toHaveLength(200)
    await clock.pass(3_000)
    expect(new Set(world.broker.ids()).size).toBe(300)
    expect(world.broker.delivered).toHaveLength(300)
    expect([...world.mails].sort()).toEqual([...ids].sort())
    await clock.pass(30_000)
    const { rows } = await load(second.store, ids)
    expect(rows).toHaveLength(300)
    for (const { done } of rows) expect(done).toEqual(['placed', 'mailed', 'expired'])
    expect(await second.store.backlog()).toEqual({ oldestOutboxAt: undefined, oldestDueAt: undefined })
    await second.sweeper.stop()
  })
})

async function load(store: ReturnType<typeof createSqliteStore<Parcel>>, ids: readonly string[]) {
  let rows: Parcel[] = []
  await store.transact({ keys: ids.map((id) => keyOf('parcel', id)), causes: [] }, (loaded) => {
    rows = [...loaded.rows.values()].map(({ state }) => state)
    return []
  })
  return { rows }
}
