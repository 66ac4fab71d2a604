import { randomUUID } from 'node:crypto'
import { Pool } from 'undici'

export interface Target {
  readonly url: string
  readonly token: string
  readonly body: unknown
}

export interface Load {
  readonly accepted: number
  readonly refused: number
  readonly seconds: number
  /** From request to answer, in milliseconds. */
  readonly p50: number
  readonly p99: number
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const requestOf = ({ token, body }: Target) => ({
  method: 'POST' as const,
  path: '/api/v1/orders',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
  body: JSON.stringify(body),
})

async function placeOne(pool: Pool, target: Target): Promise<number> {
  const { statusCode, body } = await pool.request(requestOf(target))
  await body.dump()
  return statusCode
}

/** As many orders as can be, over so many connections, until there are `count` or the time is over. Random keys. */
export async function saturate(
  target: Target,
  { connections = 32, count = Number.POSITIVE_INFINITY, seconds = 60 },
): Promise<Load> {
  const pool = new Pool(target.url, { connections, pipelining: 1 })
  const took: number[] = []
  let sent = 0
  let refused = 0
  const begun = performance.now()
  const until = begun + seconds * 1_000
  const client = async () => {
    while (sent < count && performance.now() < until) {
      sent += 1
      const start = performance.now()
      const status = await placeOne(pool, target)
      if (status === 202) took.push(performance.now() - start)
      else refused += 1
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  const elapsed = (performance.now() - begun) / 1_000
  await pool.close()
  return { accepted: took.length, refused, seconds: elapsed, p50: percentile(took, 0.5), p99: percentile(took, 0.99) }
}

/** Orders at a steady rate whatever the answers do (an open loop). Resolves when all are answered. */
export async function steadily(
  target: Target,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<number> {
  const pool = new Pool(target.url, { connections: 32, pipelining: 1 })
  const answers: Promise<number>[] = []
  const total = Math.round(perSecond * seconds)
  await new Promise<void>((resolve) => {
    const begun = performance.now()
    const tick = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - begun) / 1_000) * perSecond) + 1)
      while (answers.length < due) {
        answers.push(placeOne(pool, target))
      }
      if (answers.length < total) return
      clearInterval(tick)
      resolve()
    }, 1)
  })
  const accepted = (await Promise.all(answers)).filter((status) => status === 202).length
  await pool.close()
  return accepted
}
