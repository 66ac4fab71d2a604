import { Unavailable } from '@flotilla/decider/store'
import type { Answer, Body, Documents, Operation, Place, Query } from './documents.ts'

/** What a twin does instead of answering: `lost` does the work and loses the answer, `away` does nothing. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  | { readonly kind: 'lost' | 'away' }

export interface TwinOptions {
  /** Milliseconds since the epoch, for time to live. */
  readonly now: () => number
  /** Waits as long as a request takes, for instance on a simulated clock. At once. */
  readonly travel?: () => Promise<void>
  /** Asked for each operation, and once for each query (undefined). */
  readonly fault?: (operation: Operation | undefined) => Fault | undefined
}

export interface Twin extends Documents {
  /** What is there, system properties included. */
  all(): Body[]
  /** Counted since it was made. */
  stats(): { readonly requests: number; readonly creates: number; readonly replaces: number; readonly reads: number }
}

/** A database of documents in this process, which behaves as Cosmos DB does in what the store asks of it. */
export function createTwin({ now, travel = () => Promise.resolve(), fault }: TwinOptions): Twin {
  const stored = new Map<string, { readonly text: string; readonly expiresAt: number }>()
  const counts = { requests: 0, create: 0, replace: 0, read: 0 }
  let written = 0
  const address = ({ id, partition }: Place) => JSON.stringify([partition, id])

  function get(where: string): Body | undefined {
    const found = stored.get(where)
    if (found && found.expiresAt > now()) return JSON.parse(found.text)
    stored.delete(where)
    return undefined
  }

  function put(operation: Extract<Operation, { body: Body }>, status: number): Answer {
    const etag = `"${++written}"`
    const { ttl } = operation.body
    const expiresAt = typeof ttl === 'number' ? now() + ttl * 1_000 : Number.POSITIVE_INFINITY
    const text = JSON.stringify({ ...operation.body, _etag: etag, _ts: Math.floor(now() / 1_000) })
    stored.set(address(operation), { text, expiresAt })
    return { status, etag }
  }

  function carryOut(operation: Operation): Answer {
    counts[operation.type] += 1
    const there = get(address(operation))
    if (operation.type === 'create') return there ? { status: 409 } : put(operation, 201)
    if (!there) return { status: 404 }
    const etag = there._etag as string
    if (operation.type === 'read') return { status: 200, etag, body: there }
    return operation.etag === etag ? put(operation, 200) : { status: 412 }
  }

  function answer(operation: Operation): Answer | Unavailable {
    const wrong = fault?.(operation)
    if (!wrong) return carryOut(operation)
    if (wrong.kind === 'status') return { status: wrong.status, retryAfter: wrong.retryAfter }
    if (wrong.kind === 'lost') carryOut(operation)
    return new Unavailable(`the answer is ${wrong.kind}`)
  }

  const all = (): Body[] => [...stored.keys()].map(get).filter((body) => body !== undefined)

  return {
    async bulk(operations) {
      counts.requests += 1
      await travel()
      const answers = operations.map(answer)
      await travel()
      const lost = answers.find((each) => each instanceof Unavailable)
      if (lost) throw lost
      return answers as Answer[]
    },
    async query(query) {
      counts.requests += 1
      await travel()
      const wrong = fault?.(undefined)
      if (wrong?.kind === 'status') return { status: wrong.status, retryAfter: wrong.retryAfter, found: [] }
      if (wrong) throw new Unavailable(`the answer is ${wrong.kind}`)
      const found = select(all(), query)
      await travel()
      return { status: 200, found }
    },
    all,
    stats: () => ({ requests: counts.requests, creates: counts.create, replaces: counts.replace, reads: counts.read }),
  }
}

function select(bodies: readonly Body[], { where, holding, orderBy, limit }: Query): Body[] {
  const { property, atMost = Number.POSITIVE_INFINITY } = where
  const ids = new Set(holding?.ids)
  const found = bodies.filter((body) => {
    const value = body[property]
    if (typeof value !== 'number' || value > atMost) return false
    const items = holding && (body[holding.list] as readonly { readonly id: string }[])
    return items?.some(({ id }) => ids.has(id)) ?? true
  })
  if (orderBy) found.sort((one, other) => (one[orderBy] as number) - (other[orderBy] as number))
  return found.slice(0, limit)
}
