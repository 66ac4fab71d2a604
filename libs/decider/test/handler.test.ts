import { describe, expect, test, vi } from 'vitest'
import { systemClock } from '../src/clock.ts'
import {
  type Add,
  adding,
  type ContractRow,
  type Counter,
  counterOf,
  counting,
  messageCause,
} from '../src/contract-domain.ts'
import { createHandler, type HandlerOptions } from '../src/handler.ts'
import { type Store, Unavailable } from '../src/store.ts'
import { createMemoryStore, emptyMemory, type Memory } from './memory-store.ts'

type Added = Parameters<typeof counting.announce>[0]

function start(pace: Store<unknown>['pace'], options: Partial<HandlerOptions<Counter, Added>> = {}) {
  const memory: Memory<ContractRow> = emptyMemory()
  const store = createMemoryStore(memory, pace)
  const handle = createHandler(counting, store, { clock: systemClock, ...options })
  const countOf = (key: string) => (memory.rows.get(key)?.state as Counter | undefined)?.count
  return { memory, store, handle, countOf }
}
const key = 'counter:019a0000-0000-7000-8000-000000000001'
const keys = Array.from({ length: 8 }, (_, index) => `${key.slice(0, -1)}${index}`)

describe.for(['turn', 'flight'] as const)('the handler, over a store at the pace of a %s', (pace) => {
  test('answers fifty requests with one cause with one effect and 49 repetitions', async () => {
    const { handle, memory, countOf } = start(pace)
    const cause = { kind: 'request', id: 'k', fingerprint: 'f' } as const
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => handle(adding(key, 1, cause))))
    expect(outcomes.filter(({ status }) => status === 'accepted')).toHaveLength(1)
    expect(outcomes.slice(1)).toEqual(Array(49).fill({ status: 'repeated', home: key, fingerprint: 'f' }))
    expect(countOf(key)).toBe(1)
    expect(memory.outbox.size).toBe(1)
  })

  test('commits what arrives in one turn at once', async () => {
    const { handle, memory } = start(pace)
    await Promise.all(keys.map((each) => handle(adding(each))))
    expect(memory.commits).toBe(1)
  })

  test('leaves nothing of a refused command', async () => {
    const { handle, memory } = start(pace)
    expect(await handle(adding(key, 0))).toEqual({ status: 'refused', refusal: 'nothing to add' })
    expect([memory.rows.size, memory.known.size, memory.history.length, memory.outbox.size]).toEqual([0, 0, 0, 0])
  })

  test('keeps the order of commands on one key', async () => {
    const { handle, memory } = start(pace)
    const steps = [3, 5, 7, 11, 13]
    await Promise.all(steps.map((by) => handle(adding(key, by))))
    expect(memory.history.map(({ body }) => JSON.parse(body).by)).toEqual(steps)
  })

  test('rejects all of a batch at once when the store is Unavailable, without trying the halves', async () => {
    const { handle, store } = start(pace)
    store.away = true
    const transact = vi.spyOn(store, 'transact')
    const results = await Promise.allSettled(keys.map((each) => handle(adding(each))))
    for (const result of results) expect(result).toMatchObject({ reason: expect.any(Unavailable) })
    expect(transact).toHaveBeenCalledTimes(1)
  })

  test('answers again when the store is back', async () => {
    const { handle, store } = start(pace)
    store.away = true
    await expect(handle(adding(key))).rejects.toThrow(Unavailable)
    store.away = false
    expect(await handle(adding(key))).toMatchObject({ status: 'accepted' })
  })

  test('finds the one command that fails, and saves all others', async () => {
    const { handle, store, countOf } = start(pace)
    store.check = (each) => {
      if (each === keys[5]) throw new RangeError('refused by the database')
    }
    const results = await Promise.allSettled(keys.map((each) => handle(adding(each))))
    expect(results.map(({ status }) => status === 'rejected')).toEqual(keys.map((_, index) => index === 5))
    expect(results[5]).toMatchObject({ reason: expect.any(RangeError) })
    expect(keys.map(countOf)).toEqual(keys.map((_, index) => (index === 5 ? undefined : 1)))
  })
})

describe('a stale change', () => {
  /** Lets someone else change the row between the load and the write, so many times. */
  function interfere({ memory, store }: ReturnType<typeof start>, times: number) {
    let left = times
    let hops = 0
    store.hop = async () => {
      hops += 1
      if (hops % 2 === 1 || left === 0) return
      left -= 1
      const { version } = memory.rows.get(key) ?? { version: 0 }
      memory.rows.set(key, { state: counterOf(100 * (version + 1)), version: version + 1 })
    }
  }

  test('is decided again on what is there now', async () => {
    const started = start('flight')
    interfere(started, 3)
    expect(await started.handle(adding(key, 5))).toMatchObject({ status: 'accepted', state: { count: 305 } })
    expect(started.memory.rows.get(key)).toEqual({ state: counterOf(305), version: 4 })
  })

  test('takes with it, in order, what was decided on it, and no answer is given before', async () => {
    const started = start('flight')
    interfere(started, 1)
    const cause = messageCause()
    const outcomes = await Promise.all([
      started.handle(adding(key, 1, cause)),
      started.handle(adding(key, 1, cause)),
      started.handle(adding(key, 2)),
      started.handle(adding(keys[2] as string, 7)),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'repeated', 'accepted', 'accepted'])
    expect(started.memory.history.filter((entry) => entry.key === key).map(({ body }) => JSON.parse(body).by)).toEqual([
      1, 2,
    ])
    expect(started.countOf(key)).toBe(103)
    expect(started.countOf(keys[2] as string)).toBe(7)
  })

  test('that stays stale is a fault in the end, and does not hold up others', async () => {
    const started = start('flight')
    interfere(started, Number.POSITIVE_INFINITY)
    const [contested, free] = await Promise.allSettled([
      started.handle(adding(key)),
      started.handle(adding(keys[2] as string)),
    ])
    expect(contested).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining(key) } })
    expect(free.status).toBe('fulfilled')
  })
})

describe('what a commit leaves to do', () => {
  const command = (remindIn: number): Add => ({ counter: key, by: 1, remindIn })

  test('is told once per commit: the messages, and the work that is due at once', async () => {
    const onSaved = vi.fn<NonNullable<HandlerOptions<Counter, Added>['onSaved']>>()
    const { handle } = start('turn', { onSaved })
    await Promise.all([
      // A moment ago: the batch's own moment was taken before the domain looks at the clock.
      handle({ command: command(-1_000), cause: messageCause() }),
      handle({ command: { ...command(60_000), counter: keys[2] as string }, cause: messageCause() }),
    ])
    expect(onSaved).toHaveBeenCalledTimes(1)
    const saved = onSaved.mock.calls[0]?.[0]
    expect(saved?.outbox.map(({ id }) => id)).toEqual([`${key}.1.0`, `${keys[2]}.1.0`])
    expect(saved?.work.map(({ home }) => home)).toEqual([key])
  })

  test('is not told of what was refused, repeated or failed', async () => {
    const [onSaved, onAccepted, onRepeated] = [vi.fn(), vi.fn(), vi.fn()]
    const { handle, store } = start('turn', { onSaved, onAccepted, onRepeated })
    const cause = messageCause()
    await handle(adding(key, 1, cause))
    expect([onSaved, onAccepted, onRepeated].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0])
    await handle(adding(key, 1, cause))
    await handle(adding(key, 0))
    store.away = true
    await handle(adding(key)).catch(() => undefined)
    expect([onSaved, onAccepted, onRepeated].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1])
    expect(onRepeated).toHaveBeenCalledWith(key)
  })

  test('each commit is wrapped, with the origins of what is in it', async () => {
    const batches: unknown[][] = []
    const { handle } = start('turn', {
      commit: (batch, run) => {
        batches.push(batch.map(({ origin }) => origin))
        return run()
      },
    })
    await Promise.all([handle({ ...adding(key), origin: 'a request' }), handle(adding(key))])
    expect(batches).toEqual([['a request', undefined]])
  })
})
