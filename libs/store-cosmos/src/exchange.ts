import type { Clock } from '@flotilla/decider/clock'
import { Unavailable } from '@flotilla/decider/store'
import {
  type Answer,
  type Body,
  type Documents,
  type Operation,
  operationsAtMost,
  type Place,
  type Query,
} from './documents.ts'

export interface Patience {
  /** How long an operation is tried again, in milliseconds. */
  readonly total: number
  /** How often an operation is tried that got no answer. */
  readonly unanswered: number
}

export const patienceDefault: Patience = { total: 10_000, unanswered: 3 }

export type Write = Extract<Operation, { readonly type: 'create' | 'replace' }>

export type Written =
  | { readonly status: 'written'; readonly etag: string }
  /** Somebody else was faster. */
  | { readonly status: 'stale' }
  /** `Unavailable`: whether it was written is not known. Any other error: it was not, and never will be. */
  | { readonly status: 'failed'; readonly error: Error }

export interface Found {
  readonly body: Body
  readonly etag: string
}

interface Pending<Op extends Operation> {
  readonly operation: Op
  readonly index: number
  unanswered: number
}

const backoff = { base: 50, cap: 2_000 }
const requestsAtOnce = 4

/**
 * Speaks with the database until it has an answer, within its patience: 429 and 449 are tried again after the time that
 * the server names, and what got no answer is tried again too, because every write is conditional. Whether a write whose
 * answer was lost is in the document is told by the document's `writeId`.
 */
export class Exchange {
  readonly #documents: Documents
  readonly #clock: Clock
  readonly #patience: Patience

  constructor(documents: Documents, clock: Clock, patience: Patience = patienceDefault) {
    this.#documents = documents
    this.#clock = clock
    this.#patience = patience
  }

  async write(operations: readonly Write[], purpose: string): Promise<Written[]> {
    const { answers, tries } = await this.#persist(operations, purpose)
    const written = answers.map((answer) => judge(answer))
    // A conflict with our own write, the answer to which was lost, looks like one with somebody else's.
    const doubtful = written.flatMap(({ status }, index) =>
      status === 'stale' && (tries[index] ?? 1) > 1 ? [index] : [],
    )
    if (doubtful.length === 0) return written
    const places = doubtful.map((index) => operations[index] as Write)
    const found = await this.read(places, purpose)
    places.forEach(({ body }, position) => {
      const there = found[position]
      if (there && there.body.writeId === body.writeId)
        written[doubtful[position] as number] = { status: 'written', etag: there.etag }
    })
    return written
  }

  /** Undefined: there is no such document. */
  async read(places: readonly Place[], purpose: string): Promise<(Found | undefined)[]> {
    const operations = places.map(({ id, partition }) => ({ type: 'read', id, partition }) as const)
    const { answers } = await this.#persist(operations, purpose)
    return answers.map((answer, index) => {
      if (answer instanceof Error) throw answer
      if (answer.status === 404) return undefined
      if (isThrottled(answer.status)) throw throttled(answer)
      if (answer.status !== 200 || !answer.body || !answer.etag) throw refused(operations[index]?.id, answer)
      return { body: answer.body, etag: answer.etag }
    })
  }

  async query(query: Query, purpose: string): Promise<readonly Body[]> {
    const until = this.#clock.now() + this.#patience.total
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#documents.query(query, purpose)
      if (answer.status === 200) return answer.found
      if (!isThrottled(answer.status)) throw unansweredOr(answer, () => refused(purpose, answer))
      const wait = this.#wait(tries, answer.retryAfter)
      if (this.#clock.now() + wait > until) throw throttled(answer)
      await this.#elapsed(wait)
    }
  }

  async #persist<Op extends Operation>(operations: readonly Op[], purpose: string) {
    const answers: (Answer | Error)[] = []
    const tries: number[] = []
    const until = this.#clock.now() + this.#patience.total
    let pending = operations.map((operation, index): Pending<Op> => ({ operation, index, unanswered: 0 }))
    for (let round = 1; pending.length > 0; round += 1) {
      const results = await this.#send(pending, purpose)
      let retryAfter: number | undefined
      const again: Pending<Op>[] = []
      pending.forEach((each, position) => {
        const answer = results[position] as Answer | Unavailable
        const result = answer instanceof Error ? answer : unansweredOr(answer, () => answer)
        answers[each.index] = result
        tries[each.index] = round
        if (result instanceof Error) {
          each.unanswered += 1
          if (each.unanswered < this.#patience.unanswered) again.push(each)
        } else if (isThrottled(result.status)) {
          retryAfter = Math.max(retryAfter ?? 0, result.retryAfter ?? 0)
          again.push(each)
        }
      })
      const wait = this.#wait(round, retryAfter)
      if (again.length > 0 && this.#clock.now() + wait <= until) await this.#elapsed(wait)
      else break
      pending = again
    }
    return { answers, tries }
  }

  /** One request for each hundred operations, a few at a time. */
  async #send(pending: readonly Pending<Operation>[], purpose: string): Promise<(Answer | Unavailable)[]> {
    const results: (Answer | Unavailable)[] = []
    let next = 0
    const lane = async () => {
      while (next < pending.length) {
        const from = next
        next += operationsAtMost
        const chunk = pending.slice(from, next)
        const answers = await this.#request(chunk, purpose)
        answers.forEach((answer, position) => {
          results[from + position] = answer
        })
      }
    }
    const lanes = Math.min(requestsAtOnce, Math.ceil(pending.length / operationsAtMost))
    await Promise.all(Array.from({ length: lanes }, lane))
    return results
  }

  async #request(chunk: readonly Pending<Operation>[], purpose: string): Promise<readonly (Answer | Unavailable)[]> {
    try {
      return await this.#documents.bulk(
        chunk.map(({ operation }) => operation),
        purpose,
      )
    } catch (error) {
      if (error instanceof Unavailable) return chunk.map(() => error)
      throw error
    }
  }

  /** What the server asked for and up to half of it more; without, full jitter under a ceiling that doubles. */
  #wait(round: number, retryAfter?: number): number {
    const chance = this.#clock.random()
    if (retryAfter) return retryAfter * (1 + chance / 2)
    return Math.min(backoff.cap, backoff.base * 2 ** (round - 1)) * chance
  }

  #elapsed(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(milliseconds, resolve))
  }
}

/** What the server could not see to: what became of it is not known, as when there is no answer at all. */
function unansweredOr<T>({ status, message }: Answer, otherwise: () => T): T | Unavailable {
  const isAnswered = status < 500 && status !== 408 && status !== 410
  return isAnswered ? otherwise() : new Unavailable(`Cosmos DB answers ${status}: ${message ?? 'no reason given'}`)
}

// 449: another request was changing the same document, or its partition's configuration.
const isThrottled = (status: number) => status === 429 || status === 449

const throttled = ({ status, message }: Answer) =>
  new Unavailable(`Cosmos DB answers ${status} for longer than we wait: ${message ?? 'too many requests'}`)

const refused = (what: string | undefined, { status, message }: Answer) =>
  new Error(`Cosmos DB answers ${status} for ${what}: ${message ?? 'no reason given'}`)

function judge(answer: Answer | Error): Written {
  if (answer instanceof Error) return { status: 'failed', error: answer }
  const { status, etag } = answer
  if ((status === 200 || status === 201) && etag) return { status: 'written', etag }
  if (status === 409 || status === 412 || status === 404) return { status: 'stale' }
  if (isThrottled(status)) return { status: 'failed', error: throttled(answer) }
  return { status: 'failed', error: refused('a write', answer) }
}
