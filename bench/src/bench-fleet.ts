import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ask, customerToken, operatorToken } from '@flotilla/up/client'
import { type Fleet, startFleet } from '@flotilla/up/fleet'
import { filesIn, urlOf } from '@flotilla/up/members'
import { freePorts } from '@flotilla/up/ports'
import { list } from '@flotilla/up/seed'
import { saturate, type Target } from './load.ts'
import { Orders } from './orders.ts'

export interface Counted {
  readonly service: string
  readonly commits: number
  readonly saved: number
}

const skus = ['BENCH-1', 'BENCH-2'] as const
const body = {
  lines: skus.map((sku) => ({ sku, quantity: 1 })),
  paymentMethod: 'pm_card_visa',
  contact: { email: 'ada@example.com' },
}

/** The fleet under load: real processes on free ports, stock without end. Requests go to the order service itself. */
export class BenchFleet {
  readonly target: Target
  readonly orders: Orders
  readonly #fleet: Fleet
  #ended: Counted[] | undefined

  private constructor(fleet: Fleet, token: string) {
    this.#fleet = fleet
    this.target = { url: urlOf(fleet.ports, 'order'), token, body }
    this.orders = new Orders(filesIn(fleet.data).database('order'))
  }

  static async start(data: string, environment: NodeJS.ProcessEnv, say: (line: string) => void): Promise<BenchFleet> {
    const ports = await freePorts()
    const fleet = await startFleet({ data, ports, say, environment })
    const operator = await operatorToken(urlOf(ports, 'identity'))
    for (const sku of skus) {
      await list(fleet.url, operator, { sku, name: sku, price: 1_000, currency: 'EUR', quantity: 1_000_000 })
    }
    const token = await customerToken(urlOf(ports, 'identity'), 'ada')
    const bench = new BenchFleet(fleet, token)
    await bench.#untilListed()
    await bench.warmUp()
    return bench
  }

  /** Enough for every process to have compiled its hot paths. */
  async warmUp(): Promise<void> {
    await saturate(this.target, { connections: 16, count: 1_000 })
    await this.orders.allEnded(60)
  }

  /** Of every process, those of the stand-ins included. */
  pids(): number[] {
    const { members } = JSON.parse(readFileSync(filesIn(this.#fleet.data).fleet, 'utf8')) as {
      members: { pid: number }[]
    }
    return members.map(({ pid }) => pid)
  }

  /** Ends the other services, so that accepting is measured alone. */
  async onlyOrder(): Promise<void> {
    for (const name of ['inventory', 'payment', 'notification']) await this.#fleet.supervisor.drain(name)
  }

  /** Drains everything, and tells what the stores counted. */
  async end(): Promise<Counted[]> {
    if (this.#ended) return this.#ended
    this.#ended = []
    this.orders.close()
    await this.#fleet.supervisor.stop()
    for (const service of ['order', 'inventory', 'payment']) {
      const lines = readFileSync(filesIn(this.#fleet.data).log(service), 'utf8').trimEnd().split('\n')
      const line = lines.findLast((each) => each.includes('the store is closed'))
      if (!line) throw new Error(`${service} did not tell what its store counted`)
      const { store } = JSON.parse(line) as { store: { commits: number; saved: number } }
      this.#ended.push({ service, commits: store.commits, saved: store.saved })
    }
    return this.#ended
  }

  /** The price list hears of new items through the broker. */
  async #untilListed(): Promise<void> {
    const { url, token } = this.target
    for (;;) {
      const { status } = await ask(`${url}/api/v1/orders`, token, {
        method: 'POST',
        headers: { 'idempotency-key': randomUUID() },
        body: { ...body, expectedTotal: 1 },
        expect: [409, 422],
      })
      if (status === 409) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
