import type { ServiceName } from '@flotilla/contracts/topology'
import { uuidToBlob } from '@flotilla/decider/uuid'
import { check } from '@flotilla/verify/check'
import type { Ledger } from './customers.ts'
import { twinOwes } from './documents.ts'
import type { End, Hindrance } from './end.ts'
import { effects, fine, listed, mails, noneAside, prices, received } from './end-of-effects.ts'
import { asTold, once, pathsOf, punctual } from './end-of-orders.ts'
import type { Settings } from './plan.ts'
import { readRecords } from './records.ts'
import type { Surroundings } from './services.ts'
import type { Dependency, Finding, World } from './world.ts'

const rules = [punctual, asTold, once, received, effects, prices, listed, mails, fine, noneAside]

/** Remembers what the end is to be measured by, and measures it when nothing happens any more. */
export class Ending {
  readonly #world: World
  readonly #settings: Settings
  readonly #around: Surroundings
  readonly #hindrances: Hindrance[] = []
  readonly #accepted: string[] = []

  constructor(world: World, settings: Settings, around: Surroundings) {
    this.#world = world
    this.#settings = settings
    this.#around = around
  }

  hindered(what: Dependency | ServiceName, from: number, to: number, unsure = false): void {
    this.#hindrances.push({ what, from, to, unsure })
  }

  /** An order is answered with 202 now. */
  accepted(id: string): void {
    this.#accepted.push(id)
    const { database } = this.#around.databases.order
    if (database.prepare('SELECT 1 FROM orders WHERE id = ?').get(uuidToBlob(id))) return
    this.#world.broken({ promise: 'P6', about: id, what: 'is answered with 202, and is not in the database' })
  }

  /** By the databases and the books of the outside world; and the ways that orders took. */
  measure(ledger: Ledger): { readonly findings: readonly Finding[]; readonly paths: readonly string[] } {
    const end = this.#end(ledger)
    const checked = check(end.records, { accepted: this.#accepted, settled: true, wasAway: true })
    return { findings: [...checked, ...rules.flatMap((rule) => rule(end))], paths: pathsOf(end) }
  }

  /** What keeps the world from its rest. */
  owed(): string {
    const { databases, twin, broker } = this.#around
    const owes = Object.entries(databases).map(([name, database]) => `${name} ${JSON.stringify(database.owes())}`)
    const queues = broker.records().filter(({ active }) => active > 0)
    return [...owes, `notification ${JSON.stringify(twinOwes(twin))}`, JSON.stringify(queues)].join('; ')
  }

  #end(ledger: Ledger): End {
    const { databases, twin, cards, mail, broker } = this.#around
    const { time, chaos, tally } = this.#world
    return {
      ledger,
      settings: this.#settings,
      hindrances: this.#hindrances,
      storedAt: this.#around.moments.storedAt,
      struck: chaos.struck.length,
      duplicates: tally.counts['broker: duplicates dropped'] ?? 0,
      deadLetters: broker.queues.flatMap(({ name: queue, deadLetters }) => deadLetters.map((it) => ({ queue, ...it }))),
      told: new Map(
        twin.all().map(({ id, history }) => {
          const events = history as unknown as readonly { readonly type: string }[]
          return [String(id), events.map(({ type }) => type)]
        }),
      ),
      rows: <Row>(of: keyof typeof databases, sql: string) => databases[of].database.prepare(sql).all() as Row[],
      wire: mail.wire,
      records: readRecords({
        at: time.now,
        databases,
        twin,
        intents: cards.intents(),
        mails: mail.mails(),
        queues: broker.records(),
      }),
    }
  }
}
