import { type Change, type Store, Unavailable } from '@flotilla/decider/store'
import { describe, expect, it } from 'vitest'
import { owesUntil } from '../src/database.ts'
import { connectReads, connectStore } from '../src/store.ts'
import { createWorld, outcome } from './worlds.ts'

const change = (id: string) =>
  ({ cause: { kind: 'message', id }, home: `order:${id}`, history: [{ type: 'Placed' }] }) as unknown as Change<string>

function given({ embedded, ...options }: Parameters<typeof createWorld>[0] & { embedded: boolean }) {
  const it = createWorld(options)
  const asked: string[] = []
  const committed: string[] = []
  const note = async (what: string) => void asked.push(what)
  const real = {
    pace: 'turn',
    async transact(_wanted, decide) {
      asked.push('transact')
      return decide({ rows: new Map(), known: new Map() }).map(({ cause }) => (cause.id === 'old' ? 'stale' : 'saved'))
    },
    forget: () => note('forget'),
    claimOutbox: () => note('claimOutbox').then(() => []),
    claimWork: () => note('claimWork').then(() => []),
    postpone: () => note('postpone'),
    prune: () => note('prune').then(() => false),
    backlog: () => note('backlog').then(() => ({})),
    close: () => note('close'),
  } satisfies Store<string>
  const behind = {
    ...({ world: it.world, life: it.life, name: 'order-db', embedded } as const),
    owes: () => owesUntil({ messages: 1, work: 0 }, 500, undefined),
    onCommit: (changes: readonly Change<unknown>[]) => void committed.push(...changes.map(({ cause }) => cause.id)),
  }
  const store = connectStore<string>(behind, real)
  const transact = () =>
    outcome(
      it.time,
      store.transact({ keys: [], causes: [] }, () => [change('new'), change('old')]),
    )
  return { ...it, behind, store, asked, committed, transact }
}

describe('the store of a simulated process', () => {
  it.each([
    [true, 'turn'],
    [false, 'flight'],
  ])('embedded %s: its pace is %s, and it takes time accordingly', async (embedded, pace) => {
    const { store, transact, committed, story } = given({ embedded })
    expect(store.pace).toBe(pace)
    const { value, took } = await transact()
    expect(value).toEqual(['saved', 'stale'])
    expect(took === 0).toBe(embedded)
    expect(committed).toEqual(['new', 'old'])
    expect(story.join()).toContain('message new: Placed of order:new saved; message old: Placed of order:old stale')
  })

  it('commits, and its process may not hear of it', async () => {
    const { transact, committed } = given({ embedded: false, strikes: ['lost order-db transact'] })
    expect((await transact()).error).toBeInstanceOf(Unavailable)
    expect(committed).toEqual(['new', 'old'])
  })

  it('commits, and its process may die of it', async () => {
    const { transact, committed, life } = given({ embedded: true, strikes: ['death order-db transact unheard'] })
    expect((await transact()).isOver).toBe(false)
    expect(life.alive).toBe(false)
    expect(committed).toEqual(['new', 'old'])
  })

  it('gives up, and what has not begun by then never does', async () => {
    const { transact, asked, time, world } = given({ embedded: false, strikes: ['slow order-db transact'] })
    world.latency.skewed = (low) => (low >= 500 ? 30_000 : low)
    const { error, took } = await transact()
    expect(error).toBeInstanceOf(Unavailable)
    expect(took).toBe(5_000)
    await time.step()
    expect(asked).toEqual([])
  })

  it('answers a look that finds nothing at once, and one that may find something on the usual way', async () => {
    const { store, time, asked } = given({ embedded: false })
    expect((await outcome(time, store.claimOutbox(499, 900, 10))).took).toBe(0)
    expect((await outcome(time, store.claimWork(9_999, 99_999, 10))).took).toBe(0)
    expect((await outcome(time, store.claimOutbox(500, 900, 10))).took).toBeGreaterThan(0)
    expect(asked).toEqual(['claimOutbox'])
  })

  it.each([true, false])('embedded %s: nothing of it works while its database is away', async (embedded) => {
    const { store, time, away, asked } = given({ embedded })
    away.add('order-db')
    const calls: readonly (() => Promise<unknown>)[] = [
      () => store.transact({ keys: [], causes: [] }, () => []),
      () => store.forget([]),
      () => store.claimOutbox(0, 1, 1),
      () => store.claimWork(0, 1, 1),
      () => store.postpone({ id: '', visibleAt: 1 }, 1, 1),
      () => store.prune(0, 1),
      () => store.backlog(),
    ]
    for (const call of calls) expect((await outcome(time, call())).error).toBeInstanceOf(Unavailable)
    expect(asked).toEqual([])
  })

  it('is of no use once it is closed', async () => {
    const { store, time, transact, asked } = given({ embedded: true })
    await store.close()
    expect((await transact()).error).toBeInstanceOf(Unavailable)
    expect((await outcome(time, store.claimOutbox(0, 1, 1))).error).toBeInstanceOf(Unavailable)
    expect(asked).toEqual(['close'])
  })

  it('reads harmlessly: nobody dies of a read, or has it and does not hear', async () => {
    const strikes = ['death order-db find', 'death order-db find unheard', 'lost order-db find']
    const { behind, time } = given({ embedded: false, strikes })
    const reads = connectReads(behind, { find: async (id: string) => `order ${id}` })
    expect((await outcome(time, reads.find('1'))).value).toBe('order 1')
  })
})
