import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readBook } from '@flotilla/verify/book'
import { books } from '@flotilla/verify/databases'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { readerOf } from '../src/books.ts'
import { Kubectl } from '../src/kubectl.ts'
import { fakeKubectl } from './fake-kubectl.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-e2e-books-'))
const file = join(folder, 'payment.db')
const database = new DatabaseSync(file)
database.exec(`PRAGMA journal_mode = WAL;
  CREATE TABLE payment (id BLOB, status TEXT, captured INTEGER, refunded INTEGER);
  CREATE TABLE outbox (id TEXT); CREATE TABLE due_work (kind TEXT);
  INSERT INTO payment VALUES (x'01900000000070008000000000000001', 'captured', 500, NULL);
  INSERT INTO outbox VALUES ('one')`)
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

let fake: ReturnType<typeof fakeKubectl>
afterEach(() => fake.close())
const kubectl = new Kubectl('/k')
/** Runs here what is to be run in a pod. */
const inPod = `const { spawnSync } = require('node:child_process')
  const { stdout, stderr, status } = spawnSync(process.execPath, args.slice(args.indexOf('--') + 2), { maxBuffer: 1e9 })
  process.stderr.write(stderr); process.stdout.write(CHANGED(stdout)); process.exitCode = status`

describe('the book of a service, read in its pod', () => {
  it('is what it is where the file is at hand', async () => {
    fake = fakeKubectl(inPod.replace('CHANGED', ''))
    expect(await readBook(readerOf(kubectl, 'payment', file), books.payment)).toEqual(
      await readBook({ file }, books.payment),
    )
    expect(fake.calls()[0]?.slice(0, 4)).toEqual(['exec', '--namespace', 'payment', 'deployment/payment'])
  })

  it('is whole, also when it is large', async () => {
    fake = fakeKubectl(inPod.replace('CHANGED', ''))
    const many = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT i FROM n'
    const [rows] = await readerOf(kubectl, 'payment', file).query([many])
    expect(rows).toHaveLength(50_000)
    expect(rows?.at(-1)).toEqual({ i: 50_000 })
  })

  it('is refused when it was cut off', async () => {
    fake = fakeKubectl(inPod.replace('CHANGED', '((said) => said.subarray(0, -8))'))
    await expect(readerOf(kubectl, 'payment', file).query(['SELECT id FROM outbox'])).rejects.toThrow('were cut off')
  })
})
