import type { Answered, Ask } from '@flotilla/host/testing'
import type { Fleet } from './fleet.ts'
import type { OrderScene, Scene } from './plan.ts'
import type { World } from './world.ts'

/** What somebody outside was told, and holds the fleet to. */
export interface Ledger {
  /** What readers and cancelling customers were told of an order's end, by id. */
  readonly ends: Map<string, string>
  /** Pieces received, by name of the receipt: how many, and of what. */
  readonly receipts: Map<string, { readonly sku: string; readonly quantity: number }>
  /** The price that was set last, by SKU; those that were set more than once are not told apart. */
  readonly prices: Map<string, number | 'several'>
}

/** Where people come in. Milliseconds. */
const pause = { low: 100, high: 5_000 }
/** A customer who was not answered so many times goes away; whoever runs the shop does not. */
const patience = 12

/** People and programs outside the fleet. They come again when they were not answered, and remember what they were told. */
export class Customers {
  readonly ledger: Ledger = { ends: new Map(), receipts: new Map(), prices: new Map() }
  /** How many still want something. */
  busy = 0
  readonly #world: World
  readonly #fleet: Fleet
  readonly #onAccepted: (id: string) => void
  /** Ids that were answered with 202, heard or not, by Idempotency-Key. */
  readonly #accepted = new Map<string, string>()

  /** `onAccepted`: called at the moment at which an order is answered with 202. */
  constructor(world: World, fleet: Fleet, onAccepted: (id: string) => void) {
    this.#world = world
    this.#fleet = fleet
    this.#onAccepted = onAccepted
  }

  order(scene: OrderScene): void {
    for (let index = 0; index < scene.atOnce; index += 1) this.#begin(() => this.#order(scene, index === 0))
  }

  /** A new item, and its first pieces. */
  list({ sku, price, quantity }: { readonly sku: string; readonly price: number; readonly quantity: number }): void {
    const body = { name: sku, price, currency: 'EUR' }
    this.#begin(async () => {
      const headers = { 'if-none-match': '*' }
      // 412: it was listed by a request whose answer was lost.
      await this.#insist('inventory', `PUT /api/v1/stock/${sku}`, { as: 'shop', headers, body }, [200, 412])
      await this.#receive(`first ${sku}`, sku, quantity)
    })
  }

  restock({ name, sku, quantity }: Extract<Scene, { kind: 'restock' }>): void {
    this.#begin(() => this.#receive(name, sku, quantity))
  }

  price({ sku, price }: Extract<Scene, { kind: 'price' }>): void {
    const route = `/api/v1/stock/${sku}`
    this.#begin(async () => {
      const found = await this.#insist('inventory', `GET ${route}`, { as: 'shop' }, [200])
      const headers = { 'if-match': String(found?.headers.etag) }
      const body = { name: sku, price, currency: 'EUR' }
      const answer = await this.#insist('inventory', `PUT ${route}`, { as: 'shop', headers, body }, [200, 412])
      // 412 may also follow a 200 that was lost.
      const { prices } = this.ledger
      prices.set(sku, answer?.status === 200 && !prices.has(sku) ? price : 'several')
    })
  }

  announce(): void {
    this.#begin(async () => {
      await this.#insist('inventory', 'POST /api/v1/stock/announce', { as: 'shop' }, [202])
    })
  }

  #begin(run: () => Promise<void>) {
    this.busy += 1
    const end = () => {
      this.busy -= 1
    }
    const failed = (error: unknown) => {
      this.#world.broken({
        promise: 'HTTP',
        about: 'a customer',
        what: error instanceof Error ? error.message : String(error),
      })
    }
    void run().catch(failed).finally(end)
  }

  async #order(scene: OrderScene, isFirst: boolean) {
    const { name, customer: as, email, lines, paymentMethod, expectedTotal } = scene
    const body = { lines, paymentMethod, contact: { email }, ...(expectedTotal !== undefined && { expectedTotal }) }
    const key = name.padEnd(8, '-')
    const placed = await this.#try('order', 'POST /api/v1/orders', { as, key, body }, patience)
    if (placed?.status !== 202) return
    const { id } = placed.body as { id: string }
    if (!isFirst) return
    if (scene.cancelAfter === undefined) return this.#look(id, as)
    await this.#wait(scene.cancelAfter)
    await Promise.all([this.#cancel(id, as, name), ...(scene.cancelTwice ? [this.#cancel(id, as, name)] : [])])
    await this.#look(id, as)
  }

  async #cancel(id: string, as: string, name: string) {
    const key = `cancel-${name}`
    const answer = await this.#try('order', `POST /api/v1/orders/${id}/cancel`, { as, key, headers: {} }, patience)
    if (answer?.status === 200) this.#hold(id, 'cancelled')
    if (answer?.status === 409) this.#hold(id, 'confirmed')
    if (answer && answer.status !== 200 && answer.status !== 409) {
      this.#world.broken({ promise: 'P6', about: id, what: `was accepted, and cannot be cancelled: ${answer.status}` })
    }
  }

  /** Reads the order now and then, until it has ended or nobody answers. */
  async #look(id: string, as: string) {
    for (let looks = 0; looks < 2; looks += 1) {
      const answer = await this.#try('order', `GET /api/v1/orders/${id}`, { as }, 3)
      if (answer === undefined) return
      if (answer.status === 404) {
        this.#world.broken({ promise: 'P6', about: id, what: 'was answered with 202, and is not found' })
      }
      const { status } = answer.body as { status: string }
      if (status === 'confirmed' || status === 'cancelled') return this.#hold(id, status)
      await this.#wait(this.#world.latency.skewed(50, 20_000))
    }
  }

  async #ask(service: 'order' | 'inventory', route: string, ask: Ask): Promise<Answered | undefined> {
    const { key = '' } = ask
    const before = this.#accepted.get(key)
    const answer = await this.#fleet.ask(service, route, ask)
    if (answer && route === 'POST /api/v1/orders') this.#placed(key, before, answer)
    return answer
  }

  /** P5, P6: one key is one order, and what was accepted stays so, whoever hears it. */
  #placed(key: string, before: string | undefined, { status, body }: Answered) {
    const broken = (promise: string, what: string) => this.#world.broken({ promise, about: before ?? key, what })
    if (status === 202) {
      const { id } = body as { id: string }
      this.#onAccepted(id)
      const other = this.#accepted.get(key) ?? id
      if (other !== id) broken('P5', `one key placed ${other} and ${id}`)
      this.#accepted.set(key, id)
    } else if (before !== undefined && status < 500) {
      broken('P6', `was accepted, and its repetition is answered with ${status}`)
    }
  }

  #hold(id: string, end: string) {
    const said = this.ledger.ends.get(id) ?? end
    if (said !== end) this.#world.broken({ promise: 'P1', about: id, what: `was said to be ${said}, then ${end}` })
    this.ledger.ends.set(id, said)
  }

  async #receive(name: string, sku: string, quantity: number) {
    const ask = { as: 'shop', key: `receipt ${name}`.replaceAll(' ', '-'), body: { quantity } }
    const answer = await this.#insist('inventory', `POST /api/v1/stock/${sku}/receipts`, ask, [201])
    if (answer) this.ledger.receipts.set(name, { sku, quantity })
  }

  async #insist(service: 'order' | 'inventory', route: string, ask: Ask, expected: readonly number[]) {
    for (;;) {
      const answer = await this.#try(service, route, ask, Number.POSITIVE_INFINITY)
      if (answer === undefined || expected.includes(answer.status)) return answer
      if (answer.status !== 404) {
        throw new Error(`${route} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`)
      }
      // It is not listed yet.
      await this.#wait(pause.high)
    }
  }

  /** Asks until there is an answer that is not for the lack of one; undefined when patience ends. */
  async #try(service: 'order' | 'inventory', route: string, ask: Ask, tries: number): Promise<Answered | undefined> {
    const { chaos, latency, tally, tell } = this.#world
    const who = ask.as ?? 'somebody'
    for (let tried = 0; tried < tries; tried += 1) {
      await this.#wait(latency.skewed(0.5, 20))
      const answer = await Promise.race([this.#ask(service, route, ask), this.#wait(latency.skewed(500, 20_000))])
      await this.#wait(latency.skewed(0.5, 20))
      const isLost = answer !== undefined && chaos.strikes('lost', `HTTP ${service}`)
      tell(
        who,
        () => `${route}: ${answer === undefined ? 'no answer' : answer.status}${isLost ? ', which is lost' : ''}`,
      )
      tally.add(`http: ${route.split(' ')[0]} ${service} ${answer?.status ?? 'no answer'}`)
      if (answer !== undefined && !isLost && answer.status < 500) return answer
      if (answer !== undefined && answer.status >= 500 && answer.status !== 503) {
        this.#world.broken({
          promise: 'HTTP',
          about: route,
          what: `was answered with ${answer.status}: ${JSON.stringify(answer.body)}`,
        })
      }
      await this.#wait(latency.skewed(pause.low, pause.high))
    }
    return undefined
  }

  #wait(milliseconds: number): Promise<void> {
    const { time } = this.#world
    return new Promise((resolve) => time.at(time.now + milliseconds, resolve))
  }
}
