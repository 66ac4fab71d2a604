/**
 * What one order costs the store alone: the row with its index, history, a random idempotency key, one message that is
 * inserted and deleted again, one deadline. Prints the figures as JSON. Arguments: seconds (4), orders per commit (100).
 */
import { createHash, randomUUID } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@flotilla/decider/clock'
import { keyOf } from '@flotilla/decider/decider'
import type { Cause, Change } from '@flotilla/decider/store'
import { table } from '@flotilla/decider/table'
import { uuidv7 } from 'uuidv7'
import { openSqlite } from '../src/database.ts'
import { migrate } from '../src/migrations.ts'
import { createSqliteStore } from '../src/store.ts'

interface Order {
  readonly customer: string
  readonly status: string
  readonly createdAt: number
  readonly total: number
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly unitPrice: number }[]
  readonly email: string
  readonly paymentMethod: string
}

const orders = table<Order>()({
  kind: 'order',
  name: 'orders',
  id: 'uuid',
  columns: {
    customer: { type: 'text', write: ({ customer }) => customer },
    status: { type: 'text', write: ({ status }) => status },
    created_at: { type: 'integer', write: ({ createdAt }) => createdAt },
    total: { type: 'integer', write: ({ total }) => total },
    body: { type: 'json', write: ({ lines, email, paymentMethod }) => ({ lines, email, paymentMethod }) },
  },
  read: ({ customer, status, created_at, total, body }) => ({
    customer,
    status,
    createdAt: created_at,
    total,
    ...body,
  }),
})

const seconds = Number(process.argv[2] ?? 4)
const perCommit = Number(process.argv[3] ?? 100)
const folder = mkdtempSync(join(tmpdir(), 'flotilla-inserts-'))
const file = join(folder, 'orders.db')
migrate({ file, folders: { bench: join(import.meta.dirname, 'migrations') } })
const store = createSqliteStore<Order>({ database: openSqlite({ file }), tables: [orders], clock: systemClock })

function placing(index: number): { key: string; cause: Cause; change: Change<Order> } {
  const id = uuidv7()
  const key = keyOf('order', id)
  const now = Date.now()
  const state: Order = {
    customer: `https://login.example.com|customer-${index % 1000}`,
    status: 'placed',
    createdAt: now,
    total: 3750,
    lines: [
      { sku: 'TEA-1', quantity: 2, unitPrice: 1250 },
      { sku: 'CUP-7', quantity: 1, unitPrice: 1250 },
    ],
    email: 'someone@example.com',
    paymentMethod: 'pm_card_visa',
  }
  const body = JSON.stringify({ type: 'OrderPlaced', id, ...state })
  const cause: Cause = {
    kind: 'request',
    id: createHash('sha256').update(randomUUID()).digest('base64url'),
    fingerprint: createHash('sha256').update(body).digest('base64url'),
  }
  const message = { topic: 'orders', type: 'order.placed.v1', correlationId: id, body, leaseUntil: now + 30_000 }
  const deadline = { kind: 'deadline', home: key, payload: { orderId: id }, dueAt: now + 600_000, attempts: 0 }
  const change: Change<Order> = {
    cause,
    home: key,
    at: now,
    rows: [{ key, state, expected: 0, version: 1 }],
    history: [{ key, version: 1, index: 0, at: now, type: 'OrderPlaced', body }],
    outbox: [{ ...message, id: `${key}.1.0` }],
    schedule: [{ ...deadline, id: `deadline:${id}`, visibleAt: deadline.dueAt }],
    cancel: [],
  }
  return { key, cause, change }
}

/** The checkpoint sequence number of a write-ahead log (https://sqlite.org/fileformat.html#the_write_ahead_log). */
function checkpointsOf(log: string): number {
  const header = Buffer.alloc(32)
  const descriptor = openSync(log, 'r')
  readSync(descriptor, header, 0, 32, 0)
  closeSync(descriptor)
  return header.readUInt32BE(12)
}

let inserted = 0
let inStore = 0
const commitTimes: number[] = []
const start = performance.now()
const cpu = process.cpuUsage()
while (performance.now() - start < seconds * 1000) {
  const batch = Array.from({ length: perCommit }, (_, index) => placing(inserted + index))
  const before = performance.now()
  await store.transact({ keys: batch.map(({ key }) => key), causes: batch.map(({ cause }) => cause) }, () =>
    batch.map(({ change }) => change),
  )
  const took = performance.now() - before
  commitTimes.push(took)
  inStore += took
  inserted += perCommit
  await store.forget(batch.map(({ change }) => change.outbox[0]?.id ?? ''))
}
const elapsed = performance.now() - start
const { user, system } = process.cpuUsage(cpu)
const { commits, forgotten } = store.stats()
const checkpoints = checkpointsOf(`${file}-wal`)
await store.close()
commitTimes.sort((one, other) => one - other)
const percentile = (part: number) => Number((commitTimes[Math.floor(commitTimes.length * part)] ?? 0).toFixed(2))
process.stdout.write(
  `${JSON.stringify({
    ordersPerSecond: Math.round((inserted / elapsed) * 1000),
    microsecondsPerOrderInStore: Number(((inStore * 1000) / inserted).toFixed(1)),
    cpuMicrosecondsPerOrder: Number(((user + system) / inserted).toFixed(1)),
    orders: inserted,
    commits,
    checkpoints,
    // A commit flushes the log; a checkpoint the log, the file, and the head of the next log.
    flushes: commits + 3 * checkpoints,
    forgotten,
    commitMilliseconds: { p50: percentile(0.5), p99: percentile(0.99) },
    megabytes: Math.round(statSync(file).size / 1e6),
  })}\n`,
)
rmSync(folder, { recursive: true })
