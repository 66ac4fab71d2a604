import type { StatementSync } from 'node:sqlite'
import { idOf, type Key, kindOf } from '@flotilla/decider/decider'
import { uuidToBlob } from '@flotilla/decider/uuid'
import type { SimDatabase } from './database.ts'

export type Report = (promise: string, about: string, what: string) => void

const columns = ['received', 'reserved', 'sold'] as const

interface Line {
  readonly sku: string
  readonly quantity: number
}

type Column = (typeof columns)[number]

/** What one row contributes to the sums of its SKUs. */
interface Part {
  readonly column: Column | undefined
  readonly lines: readonly Line[]
}

type Sums = Record<Column, number>
type ItemRow = Sums & { readonly available: number }

const nothing: Part = { column: undefined, lines: [] }

/**
 * P2: stock is conserved with every commit, and follows the order. Rows are read when they change, so that the sums over
 * all of them need not be made again.
 */
export function watchStock(
  { database }: SimDatabase,
  statusOf: (orderId: string) => string | undefined,
  report: Report,
): (keys: Iterable<Key>) => void {
  const item = database.prepare('SELECT received, available, reserved, sold FROM item WHERE id = ?')
  const reservation = database.prepare('SELECT status, lines, at, deadline FROM reservation WHERE id = ?')
  const receipt = database.prepare('SELECT sku, quantity FROM receipt WHERE id = ?')
  const parts = new Map<Key, Part>()
  const sums = new Map<string, Sums>()

  function count({ column, lines }: Part, sign: 1 | -1, changed: Set<string>) {
    for (const { sku, quantity } of lines) {
      changed.add(sku)
      const sum = sums.get(sku) ?? { received: 0, reserved: 0, sold: 0 }
      if (column) sum[column] += sign * quantity
      sums.set(sku, sum)
    }
  }

  function read(key: Key): Part {
    if (kindOf(key) === 'receipt') {
      const line = row<Line>(receipt, idOf(key))
      return line ? { column: 'received', lines: [line] } : nothing
    }
    const found = row<{ status: string; lines: string; at: number; deadline: number }>(reservation, idOf(key))
    if (!found) return nothing
    if (found.status === 'held' && found.at >= found.deadline) {
      report('P2', idOf(key), `takes stock ${found.at - found.deadline} ms after its deadline`)
    }
    follows(idOf(key), found.status)
    const lines: readonly Line[] = JSON.parse(found.lines)
    const column = found.status === 'held' ? 'reserved' : found.status === 'sold' ? 'sold' : undefined
    return { column, lines }
  }

  function follows(orderId: string, status: string) {
    const end = status === 'sold' ? 'confirmed' : status === 'released' || status === 'shut' ? 'cancelled' : undefined
    if (end === undefined) return
    const is = statusOf(orderId)
    if (is !== end) report('P2', orderId, `is ${is ?? 'not there'}, and its stock is ${status}`)
  }

  return (keys) => {
    const changed = new Set<string>()
    for (const key of keys) {
      if (kindOf(key) === 'item') {
        changed.add(idOf(key))
        continue
      }
      const part = read(key)
      count(parts.get(key) ?? nothing, -1, changed)
      count(part, 1, changed)
      parts.set(key, part)
    }
    for (const sku of changed) {
      const now = item.get(sku) as ItemRow | undefined
      const sum = sums.get(sku) ?? { received: 0, reserved: 0, sold: 0 }
      const wrong = now ? whatIsWrong(now, sum) : sum.received + sum.reserved + sum.sold > 0 && 'is not there any more'
      if (wrong) report('P2', sku, wrong)
    }
  }
}

const row = <Row>(statement: StatementSync, id: string) => statement.get(uuidToBlob(id)) as Row | undefined

function whatIsWrong(item: ItemRow, sum: Sums): string | undefined {
  const { received, available, reserved, sold } = item
  if (received !== available + reserved + sold) {
    return `received ${received} is not available ${available} + reserved ${reserved} + sold ${sold}`
  }
  if (Math.min(available, reserved, sold) < 0) return 'is below zero'
  for (const column of columns) {
    if (item[column] !== sum[column])
      return `${column} is ${item[column]}, but what is ${column} adds up to ${sum[column]}`
  }
  return undefined
}
