import type { Clock } from '@flotilla/decider/clock'
import { type DueWork, type HeldWork, type OutboxRow, type Store, Unavailable } from '@flotilla/decider/store'

type Part = Pick<Store<unknown>, 'forget' | 'claimOutbox' | 'claimWork' | 'postpone' | 'prune' | 'backlog'>

/** The outbox and due work of one service's database, shared by its replicas, in memory. */
export class Database implements Part {
  readonly outbox = new Map<string, OutboxRow>()
  readonly work = new Map<string, DueWork>()
  away = false
  /** How long a delete takes, in milliseconds; Infinity: it fails. */
  forgetTakes = 0
  /** Causes still to prune. */
  stale = 0
  readonly calls = { forget: 0, claimOutbox: 0, claimWork: 0, postpone: 0, prune: 0, backlog: 0 }
  readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  async forget(ids: readonly string[]) {
    this.#call('forget')
    if (this.forgetTakes === Number.POSITIVE_INFINITY) throw new Unavailable('the disk is full')
    if (this.forgetTakes > 0) await new Promise<void>((resolve) => void this.clock.after(this.forgetTakes, resolve))
    for (const id of ids) this.outbox.delete(id)
  }

  async claimOutbox(now: number, leaseUntil: number, limit: number) {
    this.#call('claimOutbox')
    whole(leaseUntil)
    const rows = [...this.outbox.values()]
      .filter((row) => row.leaseUntil < now)
      .slice(0, limit)
      .map((row) => ({ ...row, leaseUntil }))
    for (const row of rows) this.outbox.set(row.id, row)
    return rows
  }

  async claimWork(now: number, leaseUntil: number, limit: number) {
    this.#call('claimWork')
    whole(leaseUntil)
    const works = [...this.work.values()]
      .filter((work) => work.visibleAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt)
      .slice(0, limit)
      .map((work) => ({ ...work, visibleAt: leaseUntil, attempts: work.attempts + 1 }))
    for (const work of works) this.work.set(work.id, work)
    return works
  }

  async postpone({ id, visibleAt: heldUntil }: HeldWork, visibleAt: number, attempts: number) {
    this.#call('postpone')
    whole(visibleAt)
    const work = this.work.get(id)
    if (work?.visibleAt === heldUntil) this.work.set(id, { ...work, visibleAt, attempts })
  }

  async prune(_now: number, limit: number) {
    this.#call('prune')
    this.stale = Math.max(0, this.stale - limit)
    return this.stale > 0
  }

  async backlog() {
    this.#call('backlog')
    const first = this.outbox.values().next().value
    const due = [...this.work.values()].filter(({ dueAt }) => dueAt <= this.clock.now()).map(({ dueAt }) => dueAt)
    return {
      oldestOutboxAt: first && Number(first.properties?.writtenAt),
      oldestDueAt: due.length > 0 ? Math.min(...due) : undefined,
    }
  }

  #call(name: keyof Database['calls']) {
    this.calls[name] += 1
    if (this.away) throw new Unavailable('the database is away')
  }
}

function whole(milliseconds: number) {
  if (!Number.isInteger(milliseconds)) throw new TypeError(`${milliseconds} is not a whole millisecond`)
}
