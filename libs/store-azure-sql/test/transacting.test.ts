import { systemClock } from '@flotilla/decider/clock'
import {
  accountKey,
  type ContractRow,
  contractTables,
  counterChange,
  counterOf,
  newCounter,
  outboxRow,
  requestCause,
  transferKey,
} from '@flotilla/decider/contract-domain'
import { idOf } from '@flotilla/decider/decider'
import { type Change, causeKey, type Loaded, Unavailable } from '@flotilla/decider/store'
import { uuidToBlob } from '@flotilla/decider/uuid'
import { uuidv7 } from 'uuidv7'
import { describe, expect, test } from 'vitest'
import { Interrupted, Refused } from '../src/failure.ts'
import { createAzureSqlStore } from '../src/store.ts'
import { partOf, scriptedDatabase } from './scripted-database.ts'

const storeOn = (scripted: ReturnType<typeof scriptedDatabase>) =>
  createAzureSqlStore<ContractRow>({ database: scripted.database, tables: contractTables, clock: systemClock })

const wantedBy = (...changes: Change<ContractRow>[]) => ({
  keys: changes.flatMap(({ rows }) => rows.map(({ key }) => key)),
  causes: changes.map(({ cause }) => cause),
})

/** A counter as the server tells of it. */
const counterFound = (key: string, version: number) => ({
  id: uuidToBlob(idOf(key)),
  version,
  count: version,
  label: null,
  open: null,
  peer: null,
  body: '{"notes":null}',
})

describe('a batch', () => {
  test('is one round trip to load and one to save, however many commands it has', async () => {
    const scripted = scriptedDatabase()
    const store = storeOn(scripted)
    const changes = Array.from({ length: 50 }, () => counterChange(newCounter(), { cause: requestCause('x') }))
    expect(await store.transact(wantedBy(...changes), () => changes)).toEqual(changes.map(() => 'saved'))
    expect(scripted.asked).toEqual(['load', 'save'])
    expect(store.stats()).toMatchObject({ roundTrips: 2, commits: 1, saved: 50 })
  })

  test('that changes nothing saves nothing, and one that wants nothing sends nothing', async () => {
    const scripted = scriptedDatabase()
    const store = storeOn(scripted)
    await store.transact({ keys: [newCounter()], causes: [] }, () => [])
    await store.transact({ keys: [], causes: [] }, () => [])
    expect(scripted.asked).toEqual(['load'])
  })

  test('has its values in parameters only, and one text for the same kinds of changes', async () => {
    const scripted = scriptedDatabase()
    const store = storeOn(scripted)
    const label = "'; DROP TABLE counter; --"
    for (let round = 0; round < 2; round += 1) {
      const key = newCounter()
      const row = { key, state: { ...counterOf(7), label }, expected: 0, version: 1 }
      const change = counterChange(key, { cause: requestCause('x'), rows: [row], outbox: [outboxRow(key, 1)] })
      await store.transact(wantedBy(change), () => [change])
      for (const { sql } of scripted.statements.slice(-2)) {
        for (const value of [label, idOf(key), idOf(key).replaceAll('-', ''), change.cause.id, 'price-changed'])
          expect(sql).not.toContain(value)
      }
    }
    const texts = scripted.statements.map(({ sql }) => sql)
    expect(texts.slice(0, 2)).toEqual(texts.slice(2))
  })

  test('of rows that many change is locked from its load to its commit, also where they are only followed', async () => {
    const scripted = scriptedDatabase()
    const store = storeOn(scripted)
    const [account, transfer] = [accountKey('a'), transferKey(uuidv7())]
    const rows = [{ key: account, state: { balance: 1 }, expected: 0, version: 1 }]
    const change = counterChange(account, { rows })
    await store.transact({ keys: [account], causes: [] }, () => [change])
    await store.transact({ keys: [transfer], causes: [] }, () => [])
    expect(scripted.asked).toEqual(['begin', 'load', 'save', 'commit', 'begin', 'load', 'commit'])
    const [load, save, followed] = scripted.statements.map(({ sql }) => sql)
    expect(load).toMatch(/\[account\] AS t WITH \(UPDLOCK, ROWLOCK\)/)
    expect(followed).toMatch(/\[account\] AS t WITH \(UPDLOCK, ROWLOCK\)/)
    expect(followed).not.toMatch(/\[transfer\] AS t WITH/)
    expect(save).not.toContain('TRANSACTION')
  })

  test('reads a row before those it names, so that none comes into being between without them', async () => {
    const scripted = scriptedDatabase()
    const keys = [accountKey('a'), transferKey(uuidv7())]
    await storeOn(scripted).transact({ keys, causes: [] }, () => [])
    const sql = scripted.statements[0]?.sql ?? ''
    expect(sql.indexOf('[transfer] AS t ON')).toBeGreaterThan(0)
    expect(sql.indexOf('[transfer] AS t ON')).toBeLessThan(sql.indexOf('[account] AS t WITH'))
  })

  test('of other rows takes no lock to load, and saves in a transaction of its own', async () => {
    const scripted = scriptedDatabase()
    const change = counterChange(newCounter())
    await storeOn(scripted).transact(wantedBy(change), () => [change])
    const [load, save] = scripted.statements.map(({ sql }) => sql)
    expect(load).not.toContain('UPDLOCK')
    expect(save).toMatch(/BEGIN TRANSACTION[\s\S]*COMMIT TRANSACTION/)
  })
})

describe('between a load and its save', () => {
  test('what was changed by somebody else is decided again, on a new load', async () => {
    const key = newCounter()
    const scripted = scriptedDatabase(({ name }, count) => {
      if (name === 'load') return [count === 1 ? [] : [counterFound(key, 1)], []]
      return count === 1 ? [[{ number: 0, message: null }]] : []
    })
    const seen: number[] = []
    const decide = ({ rows }: Loaded<ContractRow>) => {
      const expected = rows.get(key)?.version ?? 0
      seen.push(expected)
      return [counterChange(key, { expected })]
    }
    expect(await storeOn(scripted).transact({ keys: [key], causes: [] }, decide)).toEqual(['saved'])
    expect(seen).toEqual([0, 1])
  })

  test('a save whose answer was lost is decided by its cause: known, it was done and is not done again', async () => {
    const key = newCounter()
    const change = counterChange(key)
    const { cause } = change
    const scripted = scriptedDatabase(({ name }, count) => {
      if (name === 'save') return new Interrupted('the connection broke')
      return count === 1 ? [[], []] : [[counterFound(key, 1)], [{ id: cause.id, home: key }]]
    })
    const decide = ({ known }: Loaded<ContractRow>) => (known.has(causeKey(cause)) ? [] : [change])
    expect(await storeOn(scripted).transact(wantedBy(change), decide)).toEqual([])
    expect(scripted.asked).toEqual(['load', 'save', 'load'])
  })

  test('a save whose answer was lost is done again when its cause is not known', async () => {
    const change = counterChange(newCounter())
    const scripted = scriptedDatabase(({ name }, count) =>
      name === 'save' && count === 1 ? new Interrupted('the connection broke') : [],
    )
    expect(await storeOn(scripted).transact(wantedBy(change), () => [change])).toEqual(['saved'])
    expect(scripted.asked).toEqual(['load', 'save', 'load', 'save'])
  })

  test('a key that stays taken though a new load shows nothing is a broken constraint, and refused', async () => {
    const change = counterChange(newCounter())
    const taken = { number: 2627, message: 'Violation of UNIQUE KEY constraint' }
    const scripted = scriptedDatabase(({ name }) => (name === 'save' ? [[taken]] : []))
    const failing = storeOn(scripted).transact(wantedBy(change), () => [change])
    await expect(failing).rejects.toMatchObject({ name: 'Refused', number: 2627 })
    expect(scripted.asked.filter((name) => name === 'save')).toHaveLength(3)
  })

  test('a key that is taken under a lock is decided again too, after a rollback', async () => {
    const account = accountKey('a')
    const change = counterChange(account, {
      rows: [{ key: account, state: { balance: 1 }, expected: 0, version: 1 }],
    })
    const scripted = scriptedDatabase(({ name }, count) =>
      name === 'save' && count === 1 ? new Refused(2627, 'Violation of PRIMARY KEY constraint', undefined) : [],
    )
    expect(await storeOn(scripted).transact({ keys: [account], causes: [] }, () => [change])).toEqual(['saved'])
    expect(scripted.asked).toEqual(['begin', 'load', 'save', 'rollback', 'begin', 'load', 'save', 'commit'])
  })

  test('a load that is not answered is not asked for once more: whoever asks has done so, and it wrote nothing', async () => {
    const change = counterChange(newCounter())
    const scripted = scriptedDatabase(() => new Interrupted('no answer'))
    const failing = storeOn(scripted).transact(wantedBy(change), () => [change])
    await expect(failing).rejects.toThrow(Unavailable)
    expect(scripted.asked).toEqual(['load'])
  })

  test('rows that others change again and again make it Unavailable in the end', async () => {
    const change = counterChange(newCounter())
    const scripted = scriptedDatabase(({ name }) => (name === 'save' ? [[{ number: 0, message: null }]] : []))
    const store = storeOn(scripted)
    await expect(store.transact(wantedBy(change), () => [change])).rejects.toThrow(Unavailable)
    expect(scripted.asked.filter((name) => name === 'save')).toHaveLength(5)
    expect(store.stats()).toMatchObject({ commits: 0, saved: 0 })
  })

  test('a constraint that a change breaks is refused at once', async () => {
    const change = counterChange(newCounter())
    const broken = new Refused(547, 'The INSERT statement conflicted with the CHECK constraint', undefined)
    const scripted = scriptedDatabase(({ name }) => (name === 'save' ? broken : []))
    await expect(storeOn(scripted).transact(wantedBy(change), () => [change])).rejects.toBe(broken)
    expect(scripted.asked).toEqual(['load', 'save'])
  })
})

describe('a parameter', () => {
  test('of many rows keeps their order, and every text, but for noncharacters', async () => {
    const scripted = scriptedDatabase()
    const change = counterChange(newCounter(), { schedule: [], cancel: ["b's", 'a'] })
    await storeOn(scripted).transact(wantedBy(change), () => [change])
    const replaced = partOf(scripted.statements[1], 'replaced')
    expect(replaced.map(({ position, cells }) => [position, cells.k1])).toEqual([
      [1, 'a'],
      [2, 'b\u{fdd0}s'],
    ])
    const odd = counterChange(newCounter(), { cancel: ['a\u{fdd0}'] })
    await expect(storeOn(scripted).transact(wantedBy(odd), () => [odd])).rejects.toThrow('noncharacter U+FDD0')
  })

  test('that is too long an id is refused by its beginning', async () => {
    const change = counterChange(newCounter(), { cancel: ['x'.repeat(201)] })
    const failing = storeOn(scriptedDatabase()).transact(wantedBy(change), () => [change])
    await expect(failing).rejects.toThrow('an id has at most 200 characters, not 201: "xxx')
  })
})
