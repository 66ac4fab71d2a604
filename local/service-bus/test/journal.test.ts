import { describe, expect, test } from 'vitest'
import { DuplicateHistory } from '../src/duplicates.ts'
import { DiskJournal } from '../src/journal/disk-journal.ts'
import { recordKind } from '../src/journal/journal.ts'
import { readJournal } from '../src/journal/segment.ts'
import { Line } from '../src/line.ts'
import { temporaryDirectory } from './process.ts'

const quiet = { begun: () => undefined, failed: (error: Error) => expect.fail(error.message) }

describe('the journal on disk', () => {
  test('says that a record is kept only after a flush, and flushes the records of a turn together', async () => {
    const journal = new DiskJournal({ directory: temporaryDirectory(), ...quiet })
    const flushes: number[] = []
    for (let at = 0; at < 10; at += 1) {
      journal.append(recordKind.removed, ['work', at])
      journal.after(() => void flushes.push(journal.flushes))
    }
    expect(flushes).toEqual([])
    await new Promise<void>((resolve) => journal.after(resolve))
    expect(flushes).toEqual(Array.from({ length: 10 }, () => 1))
    await journal.close()
  })

  test('gives back what was written, over segments, in order', async () => {
    const directory = temporaryDirectory()
    const journal = new DiskJournal({ directory, segmentSize: 100, ...quiet })
    for (let at = 0; at < 20; at += 1) {
      journal.append(recordKind.messages, { at }, [Buffer.from(`body ${at}`), Buffer.from('!')])
      await new Promise<void>((resolve) => journal.after(resolve))
    }
    await journal.close()
    const records = [...readJournal(directory)]
    expect(records.map(({ meta }) => meta)).toEqual(Array.from({ length: 20 }, (_, at) => ({ at })))
    expect(records.at(-1)?.body.toString()).toBe('body 19!')
    expect(journal.sizes.size).toBeGreaterThan(3)
  })
})

describe('the line', () => {
  test('is in order of sequence numbers, whoever comes back when', () => {
    const waiting = new Set<object>()
    const line = new Line<{ sequence: number }>((entry) => waiting.has(entry))
    const entries = Array.from({ length: 3000 }, (_, sequence) => ({ sequence }))
    for (const entry of entries) {
      waiting.add(entry)
      line.arrive(entry)
    }
    const takeFirst = () => {
      const entry = line.first()
      if (entry) {
        line.shift()
        waiting.delete(entry)
      }
      return entry
    }
    const taken = Array.from({ length: 2000 }, takeFirst)
    for (const entry of taken.filter((_, at) => at % 7 === 3).reverse()) {
      if (!entry) continue
      waiting.add(entry)
      line.comeBack(entry)
    }
    for (const entry of entries.filter(({ sequence }) => sequence >= 2000 && sequence % 2)) {
      waiting.delete(entry)
      line.leave()
    }
    const expected = entries.filter((entry) => waiting.has(entry)).map(({ sequence }) => sequence)
    const rest: number[] = []
    for (let entry = takeFirst(); entry; entry = takeFirst()) rest.push(entry.sequence)
    expect(rest).toEqual(expected)
    expect(rest).toHaveLength(286 + 500)
  })
})

test('the history of ids forgets what is older than its window', () => {
  const history = new DuplicateHistory(1000)
  for (let now = 0; now < 100_000; now += 10) expect(history.admit(`id-${now}`, now)).toBeDefined()
  expect(history.size).toBe(100)
  expect(history.admit('id-99990', 99_999)).toBeUndefined()
  expect(history.admit('id-98990', 99_999)).toBeDefined()
})
