import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, test } from 'vitest'
import type { Operation } from '../src/documents.ts'
import { createTwin, type Fault, type TwinOptions } from '../src/twin.ts'
import { mailProcess, noteSent, owe } from './mail.ts'
import { manualClock } from './manual-clock.ts'

const throttled = (status: number, retryAfter: number): Fault => ({ kind: 'status', status, retryAfter })

/** A process over a database of which the next operations go wrong. */
function troubled(fault: NonNullable<TwinOptions['fault']>, chance = 0.5) {
  const clock = manualClock(chance)
  const twin = createTwin({ now: clock.now, fault })
  return { clock, twin, ...mailProcess(twin, clock) }
}

/** Goes wrong so many times. */
function times(count: number, fault: Fault, of: (operation: Operation | undefined) => boolean = () => true) {
  let left = count
  return (operation: Operation | undefined) => (of(operation) && left-- > 0 ? fault : undefined)
}

describe('throttling', () => {
  test.each([429, 449])('%i is tried again when the server says, and up to half of that later', async (status) => {
    for (const [chance, waited] of [
      [0, 400],
      [0.9, 580],
    ] as const) {
      const { clock, twin, handle } = troubled(times(2, throttled(status, 200)), chance)
      const started = clock.now()
      expect(await clock.until(handle(owe('a')))).toMatchObject({ status: 'accepted' })
      expect(clock.now() - started).toBe(waited)
      expect(twin.stats().requests).toBe(3)
    }
  })

  test('only what was throttled is tried again', async () => {
    const { clock, twin, handle } = troubled(times(1, throttled(429, 10), (operation) => operation?.id === 'mail:b'))
    await clock.until(Promise.all(['a', 'b', 'c'].map((order) => handle(owe(order)))))
    expect(twin.stats()).toMatchObject({ requests: 2, creates: 3 })
  })

  test('a database that throttles for longer than ten seconds is Unavailable', async () => {
    const { clock, handle } = troubled(() => throttled(429, 3_000))
    const started = clock.now()
    await expect(clock.until(handle(owe('a')))).rejects.toThrow(Unavailable)
    expect(clock.now() - started).toBeLessThanOrEqual(10_000)
  })

  test('queries and reads are tried again too', async () => {
    const { clock, store } = troubled(times(3, throttled(429, 50)))
    expect(await clock.until(store.claimWork(clock.now(), clock.now() + 1, 5))).toEqual([])
    expect(await clock.until(store.find('mail:a'))).toBeUndefined()
    const away = troubled(() => throttled(449, 50))
    await expect(away.clock.until(away.store.backlog())).rejects.toThrow(Unavailable)
    await expect(away.clock.until(away.store.find('mail:a'))).rejects.toThrow(Unavailable)
  })

  test('what goes on being throttled beside what was saved comes about in a later batch', async () => {
    const { clock, handle, work } = troubled(
      times(60, throttled(429, 500), (operation) => operation?.id === 'mail:b'),
      0,
    )
    const outcomes = await clock.until(
      Promise.all(['a', 'b'].map((order) => handle(owe(order)))).catch((error) => error),
    )
    expect(outcomes).toBeInstanceOf(Unavailable)
    expect(work.map(({ id }) => id)).toEqual(['mail:a'])
  })
})

describe('answers that are lost', () => {
  test('a write that was done is known as such, and what it left to do is done at once', async () => {
    const { clock, twin, handle, work, outbox, store } = troubled(times(1, { kind: 'lost' }))
    expect(await clock.until(handle(owe('a')))).toMatchObject({ status: 'accepted' })
    expect(work).toHaveLength(1)
    expect(twin.stats()).toMatchObject({ creates: 2, reads: 1 })
    expect(store.stats()).toEqual({ saved: 1, stale: 0 })
    await clock.until(handle(noteSent('a')))
    expect(outbox).toHaveLength(1)
  })

  test.each([408, 410, 500, 503])(
    '%i for one operation is no answer, and that operation is tried again',
    async (status) => {
      const fault: Fault = { kind: 'status', status }
      const { clock, twin, handle } = troubled(times(1, fault, (operation) => operation?.id === 'mail:b'))
      await clock.until(Promise.all(['a', 'b'].map((order) => handle(owe(order)))))
      expect(twin.stats()).toMatchObject({ requests: 2, creates: 2 })
      const away = troubled(() => fault)
      await expect(away.clock.until(away.handle(owe('a')))).rejects.toThrow(Unavailable)
      await expect(away.clock.until(away.store.find('mail:a'))).rejects.toThrow(Unavailable)
    },
  )

  test('a write whose answers are all lost is Unavailable, and repeated when the message comes again', async () => {
    const { clock, handle } = troubled(times(3, { kind: 'lost' }))
    await expect(clock.until(handle(owe('a')))).rejects.toThrow(Unavailable)
    expect(await clock.until(handle(owe('a')))).toMatchObject({ status: 'repeated' })
  })

  test('a write that somebody else was faster with, after a lost request, is decided again', async () => {
    const clock = manualClock()
    let lost = 0
    const twin = createTwin({ now: clock.now })
    const flaky = {
      ...twin,
      async bulk(operations: readonly Operation[], purpose: string) {
        if (lost++ > 0) return twin.bulk(operations, purpose)
        await other.handle(owe('a'))
        throw new Unavailable('no answer')
      },
    }
    const [one, other] = [mailProcess(flaky, clock), mailProcess(twin, clock)]
    expect(await clock.until(one.handle(owe('a')))).toMatchObject({ status: 'repeated' })
    expect([one.work.length, other.work.length]).toEqual([0, 1])
  })

  test('claimed work whose claim was not answered is claimed, not lost', async () => {
    const isReplace = (operation: Operation | undefined) => operation?.type === 'replace'
    const { clock, handle, store } = troubled(times(1, { kind: 'lost' }, isReplace))
    await clock.until(handle(owe('a')))
    await clock.pass(31_000)
    const claimed = await clock.until(store.claimWork(clock.now(), clock.now() + 30_000, 5))
    expect(claimed).toMatchObject([{ id: 'mail:a', attempts: 1 }])
  })
})

describe('forgetting', () => {
  test('while it cannot be written, a message is not claimed again, and it is deleted when the database is back', async () => {
    let isAway = false
    const { clock, twin, handle, outbox, store } = troubled((operation) =>
      isAway && operation ? { kind: 'away' } : undefined,
    )
    await clock.until(handle(owe('a')))
    await clock.until(handle(noteSent('a')))
    isAway = true
    await store.forget(outbox.map(({ id }) => id))
    await clock.pass(60_000)
    await expect(clock.until(store.claimOutbox(clock.now(), clock.now() + 1, 5))).rejects.toThrow(Unavailable)
    isAway = false
    await clock.pass(2_000)
    expect(twin.all()[0]?.outbox).toEqual([])
    expect(await clock.until(store.claimOutbox(clock.now(), clock.now() + 1, 5))).toEqual([])
  })

  test('a document that another process changed meanwhile is read, and loses the message all the same', async () => {
    const clock = manualClock()
    const twin = createTwin(clock)
    const [one, other] = [mailProcess(twin, clock), mailProcess(twin, clock)]
    await clock.until(one.handle(owe('a')))
    await clock.until(one.handle(noteSent('a')))
    await clock.until(other.handle(owe('a', 'again')))
    await one.store.forget(one.outbox.map(({ id }) => id))
    await clock.pass(100)
    expect(twin.all()[0]).toMatchObject({ outbox: [], causes: [{}, { id: 'again' }] })
  })

  test('a message that only another process had in hand is found', async () => {
    const clock = manualClock()
    const twin = createTwin(clock)
    const [one, other] = [mailProcess(twin, clock), mailProcess(twin, clock)]
    await clock.until(one.handle(owe('a')))
    await clock.until(one.handle(noteSent('a')))
    await other.store.forget(one.outbox.map(({ id }) => id))
    await clock.pass(100)
    expect(twin.all()[0]?.outbox).toEqual([])
  })

  test('a document that cannot be written is told of, and keeps none of the others', async () => {
    const clock = manualClock()
    const faults: unknown[] = []
    let isBroken = false
    const tooLarge: Fault = { kind: 'status', status: 413 }
    const twin = createTwin({
      now: clock.now,
      fault: (operation) => (isBroken && operation?.id === 'mail:b' ? tooLarge : undefined),
    })
    const { handle, store, outbox } = mailProcess(twin, clock, { onFault: (error) => faults.push(error) })
    for (const order of ['a', 'b', 'c']) {
      await clock.until(handle(owe(order)))
      await clock.until(handle(noteSent(order)))
    }
    isBroken = true
    await store.forget(outbox.map(({ id }) => id))
    await clock.pass(60)
    expect(faults).toMatchObject([{ message: expect.stringContaining('413') }])
    expect(twin.all().map(({ outbox }) => (outbox as unknown[]).length)).toEqual([0, 1, 0])
  })
})
