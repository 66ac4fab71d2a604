import { type DueWork, type OutboxRow, Unavailable } from '@flotilla/decider/store'
import { expect, test } from 'vitest'
import { createTwin, type Fault } from '../src/twin.ts'
import { mailProcess, noteSent, owe } from './mail.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'

/** mulberry32 */
function chanceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const orders = Array.from({ length: 30 }, (_, index) => `o${index}`)
const lease = 30_000

/** Three processes that die now and then, over a database that throttles, goes away and loses answers. */
function fleet(seed: number) {
  const chance = chanceOf(seed)
  const clock = manualClock(chance)
  const trouble = { isOver: false }
  const twin = createTwin({
    now: clock.now,
    travel: () => new Promise((resolve) => void clock.after(chance() * 20, resolve)),
    fault: () => (trouble.isOver ? undefined : faultOf(chance())),
  })
  const published: string[] = []
  let born = 0
  const start = () => {
    const remembered = chance() < 0.5 ? 5 : 1_000
    return mailProcess(twin, clock, { assumeNew: chance() < 0.7, remembered, writer: `p${++born}` })
  }
  const processes = [start(), start(), start()]
  const pick = () => processes[Math.floor(chance() * processes.length)] as (typeof processes)[number]
  const kill = () => processes.splice(Math.floor(chance() * processes.length), 1, start())
  return { chance, clock, twin, published, trouble, pick, kill, processes }
}

function faultOf(chance: number): Fault | undefined {
  if (chance < 0.03) return { kind: 'lost' }
  if (chance < 0.06) return { kind: 'away' }
  return chance < 0.2 ? { kind: 'status', status: chance < 0.13 ? 429 : 449, retryAfter: 30 } : undefined
}

type Process = ReturnType<typeof mailProcess>

/** What is Unavailable comes again, or is left to a sweeper. */
const unless = (error: unknown) => {
  if (!(error instanceof Unavailable)) throw error
}

const none = (error: unknown) => {
  unless(error)
  return []
}

async function carryOut({ handle }: Process, work: readonly DueWork[]) {
  await Promise.all(work.map(({ payload: _, id }) => handle(noteSent(id.slice('mail:'.length))).catch(unless)))
}

async function publish({ store }: Process, rows: readonly OutboxRow[], published: string[]) {
  published.push(...rows.map(({ id }) => id))
  await store.forget(rows.map(({ id }) => id))
}

async function sweep(process: Process, clock: ManualClock, published: string[]) {
  const now = clock.now()
  await carryOut(process, await process.store.claimWork(now, now + lease, 7).catch(none))
  await publish(process, await process.store.claimOutbox(now, now + lease, 7).catch(none), published)
}

test.each(Array.from({ length: 25 }, (_, seed) => seed))(
  'whatever happens, a mail is owed once and told of (%i)',
  async (seed) => {
    const { chance, clock, twin, published, trouble, pick, kill, processes } = fleet(seed)
    const deliveries = orders.flatMap((order) => (chance() < 0.4 ? [order, order] : [order]))
    async function round() {
      const heard = deliveries.filter(() => chance() < 0.5)
      await Promise.all(
        heard.map(async (order) => {
          const outcome = await pick().handle(owe(order)).catch(unless)
          if (outcome) deliveries.splice(deliveries.indexOf(order), 1)
        }),
      )
      for (const process of processes) {
        await carryOut(process, process.work.splice(0))
        await publish(process, process.outbox.splice(0), published)
      }
      if (chance() < 0.3) kill()
      await Promise.all(processes.map((process) => sweep(process, clock, published)))
    }
    for (let rounds = 0; deliveries.length > 0 && rounds < 100; rounds += 1) await clock.until(round())
    trouble.isOver = true
    for (let rounds = 0; rounds < 12; rounds += 1) {
      await clock.pass(lease)
      await clock.until(round())
    }
    await clock.pass(100)

    const documents = twin.all()
    expect(documents.map(({ id }) => id).sort()).toEqual(orders.map((order) => `mail:${order}`).sort())
    for (const { state, history, outbox, work, causes, version } of documents) {
      expect(state).toEqual({ status: 'sent', at: 7 })
      expect(history).toMatchObject([
        { type: 'Owed', version: 1 },
        { type: 'Sent', version: 2 },
      ])
      expect({ outbox, work, version }).toEqual({ outbox: [], work: [], version: 2 })
      expect(causes).toHaveLength(1)
    }
    expect([...new Set(published)].sort()).toEqual(orders.map((order) => `mail:${order}.2.0`).sort())
  },
)
