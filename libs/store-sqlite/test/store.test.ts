import type { Clock } from '@flotilla/decider/clock'
import { counterChange, dueWork, newCounter, outboxRow } from '@flotilla/decider/contract-domain'
import { later, load, save } from '@flotilla/decider/contract-subject'
import { Unavailable } from '@flotilla/decider/store'
import { table } from '@flotilla/decider/table'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from '../src/database.ts'
import { migrate } from '../src/migrations.ts'
import { createSqliteStore } from '../src/store.ts'
import { contractMigrations, makeSubject, openStore } from './fixture.ts'

/** A clock that stands until the test lets time pass. */
function standingClock() {
  const timers = new Map<symbol, () => void>()
  const turns: (() => void)[] = []
  const clock: Clock = {
    now: Date.now,
    after(_milliseconds, run) {
      const id = Symbol('timer')
      timers.set(id, run)
      return () => timers.delete(id)
    },
    defer: (run) => void turns.push(run),
    random: () => 0.5,
  }
  const pass = (waiting: Iterable<() => void>) => {
    for (const run of waiting) run()
  }
  return {
    clock,
    timers,
    elapse() {
      const due = [...timers.values()]
      timers.clear()
      pass(due)
    },
    turn: () => pass(turns.splice(0)),
  }
}

async function start() {
  const { file, dispose } = await makeSubject()
  const standing = standingClock()
  const { database, store } = openStore(file, standing.clock, 20)
  onTestFinished(async () => {
    await store.close()
    await dispose()
  })
  const commits = () => store.stats().commits
  const say = async () => {
    const key = newCounter()
    await save(store, counterChange(key, { outbox: [outboxRow(key, later(-1))] }))
    return `${key}.1.0`
  }
  return { ...standing, file, database, store, commits, say }
}

test('a batch is one commit however many changes it has, and no commit when it changes nothing', async () => {
  const { store, commits } = await start()
  await save(store, ...Array.from({ length: 100 }, () => counterChange(newCounter())))
  expect(commits()).toBe(1)
  await load(store, [newCounter()])
  await store.claimOutbox(later(0), later(1), 10)
  await store.claimWork(later(0), later(1), 10)
  await store.prune(later(0), 10)
  expect(commits()).toBe(1)
})

test('under load, forgetting costs no commit of its own', async () => {
  const { store, commits, say, timers } = await start()
  for (let round = 0; round < 10; round += 1) await store.forget([await say()])
  await say()
  expect(commits()).toBe(11)
  expect(store.stats()).toMatchObject({ forgotten: 10, idleCommits: 0 })
  expect(timers.size).toBe(0)
})

test('at rest, what was forgotten is deleted after a short while in one commit', async () => {
  const { store, commits, say, elapse, timers } = await start()
  const ids = [await say(), await say(), await say()]
  await store.forget(ids.slice(0, 1))
  await store.forget(ids.slice(1))
  expect(timers.size).toBe(1)
  elapse()
  expect(store.stats()).toMatchObject({ forgotten: 3, idleCommits: 1 })
  expect(commits()).toBe(4)
  expect(timers.size).toBe(0)
  expect((await store.backlog()).oldestOutboxAt).toBeUndefined()
})

test('what could not be deleted while the database was locked is deleted afterwards', async () => {
  const { store, say, elapse, timers, file } = await start()
  await store.forget([await say()])
  const other = openSqlite({ file })
  onTestFinished(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  elapse()
  expect(timers.size).toBe(1)
  expect(store.stats().forgotten).toBe(0)
  other.exec('ROLLBACK')
  elapse()
  expect(store.stats().forgotten).toBe(1)
})

test('what was forgotten stays forgotten when the commit that it joined fails', async () => {
  const { store, say } = await start()
  await store.forget([await say()])
  await expect(save(store, counterChange(newCounter(), { count: 2_000_000 }))).rejects.toThrow('CHECK')
  expect(store.stats().forgotten).toBe(0)
  expect(await store.claimOutbox(later(10), later(20), 10)).toEqual([])
  expect(store.stats().forgotten).toBe(1)
})

test('work put back in one turn is one commit', async () => {
  const { store, commits, turn } = await start()
  const keys = Array.from({ length: 20 }, newCounter)
  const works = keys.map((key) => dueWork(key, later(-1)))
  await save(store, ...works.map((work) => counterChange(work.home, { schedule: [work] })))
  const postponed = works.map((work) => store.postpone(work, later(1_000), 4))
  expect(commits()).toBe(1)
  turn()
  await Promise.all(postponed)
  expect(commits()).toBe(2)
  expect(await store.claimWork(later(2_000), later(3_000), 30)).toHaveLength(20)
})

test('a lock that another process holds too long is Unavailable, and harms nothing', async () => {
  const { store, file } = await start()
  const other = openSqlite({ file })
  onTestFinished(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const key = newCounter()
  await expect(save(store, counterChange(key))).rejects.toThrow(Unavailable)
  await expect(store.claimWork(later(0), later(1), 1)).rejects.toThrow('busy')
  other.exec('ROLLBACK')
  expect(await save(store, counterChange(key))).toEqual(['saved'])
})

test('a full disk is Unavailable, and what was there before still is', async () => {
  const { store, database } = await start()
  const before = newCounter()
  await save(store, counterChange(before))
  const { page_count } = database.prepare('PRAGMA page_count').get() as { page_count: number }
  database.exec(`PRAGMA max_page_count = ${page_count}`)
  const keys = Array.from({ length: 500 }, newCounter)
  await expect(save(store, ...keys.map((key) => counterChange(key)))).rejects.toThrow('disk full')
  await expect(save(store, ...keys.map((key) => counterChange(key)))).rejects.toThrow(Unavailable)
  expect([...(await load(store, [before, ...keys])).rows.keys()]).toEqual([before])
  database.exec('PRAGMA max_page_count = 1000000')
  expect(await save(store, ...keys.map((key) => counterChange(key)))).toHaveLength(500)
})

test('a violated constraint is thrown as it is: the command is at fault', async () => {
  const { store } = await start()
  const error = await save(store, counterChange(newCounter(), { count: 2_000_000 })).catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'ERR_SQLITE_ERROR', message: expect.stringContaining('CHECK constraint failed') })
})

test('a database that was not migrated is refused with what to do', () => {
  const database = openSqlite({ file: ':memory:' })
  onTestFinished(() => database.close())
  const open = () => createSqliteStore({ database, tables: [], clock: standingClock().clock })
  expect(open).toThrow('run the migrations first: the database in memory has no table inbox, idempotency_key, history')
  migrate({ file: database, folders: { contract: contractMigrations } })
  open()
  const missing = table<object>()({ kind: 'ship', name: 'ships', id: 'text', columns: {}, read: () => ({}) })
  expect(() => createSqliteStore({ database, tables: [missing], clock: standingClock().clock })).toThrow(
    'no table ships',
  )
})

test('a row of a kind that has no table is refused by name', async () => {
  const { store } = await start()
  await expect(load(store, ['ship:1'])).rejects.toThrow(
    'no table for the row ship:1; there are tables for: counter, account, transfer',
  )
})

test('a file that cannot be opened is Unavailable, by name', () => {
  const file = '/nowhere/at/all.db'
  expect(() => openSqlite({ file })).toThrow(Unavailable)
  expect(() => openSqlite({ file, readonly: true })).toThrow(file)
})

test('commits are flushed: the write-ahead log is in use and synchronous', async () => {
  const { database } = await start()
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
  expect(database.prepare('PRAGMA foreign_keys').get()).toEqual({ foreign_keys: 1 })
})
