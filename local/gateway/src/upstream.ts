import { Pool } from 'undici'

export interface Timeouts {
  /** Milliseconds to connect, 2,000 by default. */
  connect: number
  /** Milliseconds until the answer begins, and between parts of it; 30,000 by default. */
  answer: number
}

/** How long a replica that refused a connection is left alone, if another is there. Milliseconds. */
const rest = 1000

/** Connections to one replica. */
const connections = 256

interface Replica {
  pool: Pool
  /** `now` before which it rests. */
  until: number
}

/** One service and its replicas, taken in turn. */
export class Upstream {
  readonly service: string
  readonly #replicas: Replica[]
  readonly #now: () => number
  #next = 0

  constructor(service: string, origins: string[], timeouts: Timeouts, now: () => number) {
    this.service = service
    this.#now = now
    this.#replicas = origins.map((origin) => ({
      until: 0,
      pool: new Pool(origin, {
        connections,
        connect: { timeout: timeouts.connect },
        headersTimeout: timeouts.answer,
        bodyTimeout: timeouts.answer,
      }),
    }))
  }

  /** How often a request that reached nobody is tried: every replica once, and the only one twice. */
  get attempts(): number {
    return Math.max(2, this.#replicas.length)
  }

  /** The next replica that is not resting; the next of all when all rest. */
  choose(): { pool: Pool; refused: () => void } {
    const now = this.#now()
    const count = this.#replicas.length
    const order = this.#replicas.map((_, index) => this.#replicas[(this.#next + index) % count] as Replica)
    const chosen = order.find((replica) => replica.until <= now) ?? (order[0] as Replica)
    this.#next = (this.#replicas.indexOf(chosen) + 1) % count
    return {
      pool: chosen.pool,
      refused: () => {
        chosen.until = this.#now() + rest
      },
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#replicas.map(({ pool }) => pool.close()))
  }
}
