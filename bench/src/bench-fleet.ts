import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ask, customerToken, operatorToken } from '@flotilla/up/client'
import { type Fleet, startFleet } from '@flotilla/up/fleet'
import { filesIn, urlOf } from '@flotilla/up/members'
import { freePorts } from '@flotilla/up/ports'
import { list } from '@flotilla/up/seed'
import { saturate, type Target } from './load.ts'
import { Orders } from './orders.ts'

/** What a store counted. */
export interface Counted {
  /** Only where the database is asked over a network. */
  readonly roundTrips: number | undefined
  readonly commits: number
  readonly saved: number
}

export interface BenchOptions {
  readonly environment: NodeJS.ProcessEnv
  /** Connection string of a SQL Server; without it, SQLite. */
  readonly sqlServer: string | undefined
  readonly say: (line: string) => void
}

const sqlServices = ['order', 'inventory', 'payment'] as const

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
  #ended: Promise<void> | undefined

  private constructor(fleet: Fleet, orders: Orders, token: string) {
    this.#fleet = fleet
    this.target = { url: urlOf(fleet.ports, 'order'), token, body }
    this.orders = orders
  }

  static async start(data: string, { environment, sqlServer, say }: BenchOptions): Promise<BenchFleet> {
    const ports = await freePorts()
    const fleet = await startFleet({ data, ports, say, environment, elsewhere: { sqlServer } })
    const operator = await operatorToken(urlOf(ports, 'identity'))
    for (const sku of skus) {
      await list(fleet.url, operator, { sku, name: sku, price: 1_000, currency: 'EUR', quantity: 1_000_000 })
    }
    const token = await customerToken(urlOf(ports, 'identity'), 'ada')
    const bench = new BenchFleet(fleet, await Orders.open(fleet.databases.sources.order), token)
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

  /**
   * Runs something over an order service that was started for it, until all its orders are told, and hears what the store of that
   * process counted.
   */
  async counting<Result>(run: () => Promise<Result>): Promise<{ result: Result; counted: Counted; orders: number }> {
    const { supervisor } = this.#fleet
    await supervisor.drain('order')
    await supervisor.back('order')
    const before = await this.orders.count()
    await this.warmUp()
    const result = await run()
    await this.orders.allTold(120)
    const orders = (await this.orders.count()) - before
    await supervisor.drain('order')
    const counted = this.#counted('order').at(-1) as Counted
    await supervisor.back('order')
    await this.warmUp()
    return { result, counted, orders }
  }

  /** Ends the other services, so that accepting is measured alone. */
  async onlyOrder(): Promise<void> {
    for (const name of ['inventory', 'payment', 'notification']) await this.#fleet.supervisor.drain(name)
  }

  /** Drains everything; its databases are deleted. */
  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end() {
    await this.orders.close()
    await this.#fleet.supervisor.stop()
    await this.#fleet.databases.drop()
  }

  /** What the stores of all processes counted, once they have ended. */
  totals(): readonly (Counted & { readonly service: string })[] {
    return sqlServices.map((service) => {
      const all = this.#counted(service)
      const sum = (of: (each: Counted) => number) => all.reduce((total, each) => total + of(each), 0)
      const roundTrips = all[0]?.roundTrips === undefined ? undefined : sum((each) => each.roundTrips ?? 0)
      return { service, roundTrips, commits: sum(({ commits }) => commits), saved: sum(({ saved }) => saved) }
    })
  }

  /** One for each process of the service that has ended. */
  #counted(service: string): Counted[] {
    const lines = readFileSync(filesIn(this.#fleet.data).log(service), 'utf8').trimEnd().split('\n')
    const told = lines.filter((each) => each.includes('the store is closed'))
    if (told.length === 0) throw new Error(`${service} did not tell what its store counted`)
    return told.map((line) => (JSON.parse(line) as { store: Counted }).store)
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
