import { systemClock } from '@flotilla/decider/clock'
import type { Change } from '@flotilla/decider/store'
import { describe, expect, test } from 'vitest'
import { createTwin } from '../src/twin.ts'
import { type Mail, mailKey, mailMapping, mailProcess, monthOfSeconds, noteSent, owe } from './mail.ts'
import { manualClock } from './manual-clock.ts'

const orders = (count: number) => Array.from({ length: count }, (_, index) => `o${index}`)

describe('what an order costs', () => {
  test('three writes and no read: the mail owed, the mail sent, the message forgotten', async () => {
    const clock = manualClock()
    const twin = createTwin(clock)
    const { store, handle, outbox, work } = mailProcess(twin, clock)
    await clock.until(Promise.all(orders(150).map((order) => handle(owe(order)))))
    expect(work.map(({ id }) => id)).toEqual(orders(150).map((order) => `mail:${order}`))
    await clock.until(Promise.all(orders(150).map((order) => handle(noteSent(order)))))
    await store.forget(outbox.map(({ id }) => id))
    await clock.pass(50)
    expect(twin.stats()).toMatchObject({ creates: 150, replaces: 300, reads: 0 })
    // 150 operations are two requests.
    expect(twin.stats().requests).toBe(6)
    expect(twin.all().every(({ outbox, work }) => JSON.stringify([outbox, work]) === '[[],[]]')).toBe(true)
  })

  test('what was forgotten leaves with the next write of its document, without one of its own', async () => {
    const clock = manualClock()
    const twin = createTwin(clock)
    const { store, handle, outbox } = mailProcess(twin, clock)
    await clock.until(handle(owe('a')))
    await clock.until(handle(noteSent('a')))
    await store.forget(outbox.map(({ id }) => id))
    await clock.until(handle(owe('a', 'again')))
    expect(twin.all()[0]?.outbox).toEqual([])
    const { replaces } = twin.stats()
    await clock.pass(1_000)
    expect(twin.stats().replaces).toBe(replaces)
  })
})

describe('a decision rests on a write, not on what is remembered or assumed', () => {
  test('a mail that another process owes is not owed twice, and the message that comes again is repeated', async () => {
    const twin = createTwin(systemClock)
    const [one, other] = [mailProcess(twin, systemClock), mailProcess(twin, systemClock)]
    const outcomes = await Promise.all([one.handle(owe('a')), other.handle(owe('a'))])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['accepted', 'repeated'])
    expect([...one.work, ...other.work]).toHaveLength(1)
    expect(await other.handle(owe('a'))).toMatchObject({ status: 'repeated', home: mailKey('a') })
  })

  test('what would be refused on an assumed absence is decided on what is there', async () => {
    const twin = createTwin(systemClock)
    await mailProcess(twin, systemClock).handle(owe('a'))
    expect(await mailProcess(twin, systemClock).handle(noteSent('a'))).toMatchObject({ status: 'accepted' })
  })

  test('what would be refused on an outdated memory is decided on what is there', async () => {
    const twin = createTwin(systemClock)
    const [one, other] = [mailProcess(twin, systemClock), mailProcess(twin, systemClock)]
    await one.handle(owe('a'))
    await other.handle(noteSent('a'))
    expect(await one.handle({ ...noteSent('a'), cause: { kind: 'message', id: 'm' } })).toEqual({
      status: 'refused',
      refusal: 'the mail is sent',
    })
  })
})

describe('time to live', () => {
  test('a final document expires when it owes nothing any more, and not before', async () => {
    const clock = manualClock()
    const twin = createTwin(clock)
    const { store, handle, outbox } = mailProcess(twin, clock)
    await clock.until(handle(owe('a')))
    expect(twin.all()[0]).not.toHaveProperty('ttl')
    await clock.until(handle(noteSent('a')))
    expect(twin.all()[0]).not.toHaveProperty('ttl')
    await store.forget(outbox.map(({ id }) => id))
    await clock.pass(50)
    expect(twin.all()[0]).toHaveProperty('ttl', monthOfSeconds)
    await clock.pass(monthOfSeconds * 1_000 + 1)
    expect(await store.find(mailKey('a'))).toBeUndefined()
  })

  test('a message is remembered for 22 days by a document that lives on', async () => {
    const clock = manualClock()
    const twin = createTwin(clock)
    const { handle } = mailProcess(twin, clock)
    await clock.until(handle(owe('a', 'first')))
    await clock.pass(22 * 86_400_000 - 1)
    await clock.until(handle(owe('a', 'second')))
    expect(twin.all()[0]?.causes).toMatchObject([{ id: 'first' }, { id: 'second' }])
    await clock.pass(1)
    await clock.until(handle(owe('a', 'third')))
    expect(twin.all()[0]?.causes).toMatchObject([{ id: 'second' }, { id: 'third' }])
  })
})

describe('schema versions', () => {
  const upcasting = {
    ...mailMapping,
    schemaVersion: 2,
    fromDocument: (stored: unknown, version: number): Mail =>
      version === 1 ? { status: 'sent', at: (stored as { at?: number }).at ?? 1 } : (stored as Mail),
  }

  test('a document of an earlier release is read as one of today, and written as such', async () => {
    const twin = createTwin(systemClock)
    await mailProcess(twin, systemClock).handle(owe('a'))
    const today = mailProcess(twin, systemClock, { mapping: upcasting })
    expect(await today.store.find(mailKey('a'))).toMatchObject({ state: { status: 'sent', at: 1 }, version: 1 })
    await today.handle(owe('a', 'again'))
    expect(twin.all()[0]).toMatchObject({ schemaVersion: 2, state: { status: 'sent', at: 1 } })
  })

  test('a document of a later release is neither read nor claimed, but the others are', async () => {
    const twin = createTwin(systemClock)
    const later = mailProcess(twin, systemClock, { mapping: upcasting })
    const today = mailProcess(twin, systemClock)
    await later.handle(owe('new'))
    await today.handle(owe('old'))
    await expect(today.handle(owe('new', 'again'))).rejects.toThrow(/mail:new .* schemaVersion 2.* up to 1/)
    const claimed = await today.store.claimWork(Date.now() + 60_000, Date.now() + 90_000, 10)
    expect(claimed.map(({ id }) => id)).toEqual(['mail:old'])
    expect(twin.all().map(({ schemaVersion }) => schemaVersion)).toEqual([2, 1])
  })

  test('history keeps what the mapping wants remembered', async () => {
    const twin = createTwin(systemClock)
    const remember = ({ type }: { type: string }) => (type === 'Owed' ? undefined : `"${type}"`)
    const { store, handle } = mailProcess(twin, systemClock, { mapping: { ...mailMapping, remember } })
    await handle(owe('a'))
    await handle(noteSent('a'))
    const found = await store.find(mailKey('a'))
    expect(found?.history).toMatchObject([{ key: mailKey('a'), version: 2, index: 0, type: 'Sent', body: '"Sent"' }])
  })
})

describe('what does not fit into one document is refused by name', () => {
  const change = (rest: Partial<Change<Mail>>): Change<Mail> => ({
    cause: { kind: 'message', id: 'm' },
    home: mailKey('a'),
    at: 1,
    rows: [],
    history: [],
    outbox: [],
    schedule: [],
    cancel: [],
    ...rest,
  })
  const saving = (home: string, rest: Partial<Change<Mail>>) => {
    const { store } = mailProcess(createTwin(systemClock), systemClock)
    return store.transact({ keys: [home], causes: [] }, () => [change({ home, ...rest })])
  }

  test('a change of two rows', async () => {
    const rows = ['a', 'b'].map((id) => ({
      key: mailKey(id),
      state: { status: 'absent' } as Mail,
      expected: 0,
      version: 1,
    }))
    await expect(saving(mailKey('a'), { rows })).rejects.toThrow(/mail:a concerns other rows/)
  })

  test('a decision that rests on another row', async () => {
    await expect(saving(mailKey('a'), { reads: [mailKey('b')] })).rejects.toThrow(/must have one row/)
  })

  test('a key that cannot be the id of a document', async () => {
    await expect(saving('mail:a/b', {})).rejects.toThrow(/"mail:a\/b" cannot be the id of a document/)
  })

  test('a time to live that is none', async () => {
    const mapping = { ...mailMapping, timeToLive: () => 0 }
    const { handle } = mailProcess(createTwin(systemClock), systemClock, { mapping })
    await handle(owe('a'))
    const { store } = mailProcess(createTwin(systemClock), systemClock, { mapping })
    const row = { key: mailKey('a'), state: { status: 'sent', at: 1 } as Mail, expected: 0, version: 1 }
    const saving = store.transact({ keys: [mailKey('a')], causes: [] }, () => [change({ rows: [row] })])
    await expect(saving).rejects.toThrow(/timeToLive of mail:a is 0/)
  })
})
