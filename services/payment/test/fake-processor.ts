import type { Clock } from '@flotilla/decider/clock'
import { Unavailable } from '@flotilla/decider/store'
import type { CardProcessor, IntentState, NewIntent, RefundState, Refunds } from '../src/outbound/card-processor.ts'

/**
 * What goes wrong with one call. `500` and `silent` are answered by nothing anybody can rely on (silence for 6 s); `stuck`
 * is never answered, as for a process that dies meanwhile; `slow` takes 3 s. `-after` when it had its effect all the same.
 */
export type Fault = '500' | '500-after' | 'silent' | 'silent-after' | 'stuck' | 'stuck-after' | 'slow'
export type Call = 'createIntent' | 'confirm' | 'retrieve' | 'cancel' | 'refund' | 'refunded'

export interface Intent extends NewIntent {
  readonly intentId: string
  state: IntentState
  /** How often the card was charged. */
  charges: number
  refunds: ('pending' | 'succeeded' | 'failed')[]
}

/** A card processor in this process, which answers an idempotency key as it did the first time. */
export class FakeProcessor implements CardProcessor {
  readonly intents: Intent[] = []
  readonly calls: Call[] = []
  /** For the next calls of each name, one each. */
  readonly faults: Partial<Record<Call, (Fault | undefined)[]>> = {}
  /** How many refunds fail, once they were pending. */
  failingRefunds = 0
  readonly #answers = new Map<string, unknown>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  createIntent(intent: NewIntent, attempt: number): Promise<{ intentId: string } | { declined: string }> {
    return this.#answer('createIntent', `${intent.orderId}:${attempt}`, () => {
      if (intent.paymentMethod === 'pm_unknown') return { declined: 'resource_missing' }
      const intentId = `pi_${this.intents.length + 1}`
      this.intents.push({ ...intent, intentId, state: { status: 'unconfirmed' }, charges: 0, refunds: [] })
      return { intentId }
    })
  }

  confirm(intentId: string, orderId: string, attempt: number): Promise<IntentState> {
    return this.#answer('confirm', `${orderId}:${attempt}`, () => {
      const intent = this.#find(intentId)
      if (intent.state.status !== 'unconfirmed') return intent.state
      if (intent.paymentMethod === 'pm_declined') intent.state = { status: 'declined', reason: 'lost_card' }
      else if (intent.paymentMethod === 'pm_action') intent.state = { status: 'requires-action' }
      else {
        intent.state = { status: 'succeeded' }
        intent.charges += 1
      }
      return intent.state
    })
  }

  retrieve(intentId: string): Promise<IntentState> {
    return this.#answer('retrieve', undefined, () => this.#find(intentId).state)
  }

  cancel(intentId: string, orderId: string, attempt: number): Promise<IntentState> {
    return this.#answer('cancel', `${orderId}:${attempt}`, () => {
      const intent = this.#find(intentId)
      if (intent.state.status !== 'succeeded') intent.state = { status: 'cancelled' }
      return intent.state
    })
  }

  refund(intentId: string, orderId: string, attempt: number, after?: string): Promise<RefundState> {
    return this.#answer('refund', `${orderId}:${after}:${attempt}`, () => {
      const { refunds, paymentMethod } = this.#find(intentId)
      if (refunds.includes('succeeded')) return 'succeeded'
      if (refunds.includes('pending')) throw new Error('the amount is being refunded already')
      const isPending = paymentMethod === 'pm_pending'
      const index = refunds.push(isPending ? 'pending' : 'succeeded') - 1
      if (!isPending) return 'succeeded'
      this.#clock.after(5_000, () => {
        refunds[index] = this.failingRefunds > 0 ? 'failed' : 'succeeded'
        this.failingRefunds = Math.max(0, this.failingRefunds - 1)
      })
      return 'pending'
    })
  }

  refunded(intentId: string): Promise<Refunds> {
    return this.#answer('refunded', undefined, () => {
      const { refunds } = this.#find(intentId)
      const last = refunds.length === 0 ? undefined : `re_${refunds.length}`
      if (refunds.includes('succeeded')) return { state: 'succeeded', last }
      return { state: refunds.includes('pending') ? 'pending' : 'none', last }
    })
  }

  /** Over all intents: what was taken, and what of it was given back, in times. */
  get money(): { readonly charged: number; readonly refunded: number } {
    const charged = this.intents.reduce((sum, { charges }) => sum + charges, 0)
    const refunded = this.intents.flatMap(({ refunds }) => refunds).filter((state) => state === 'succeeded').length
    return { charged, refunded }
  }

  async #answer<T>(call: Call, key: string | undefined, run: () => T): Promise<T> {
    this.calls.push(call)
    const fault = this.faults[call]?.shift()
    if (fault === 'stuck') return new Promise(() => {})
    if (fault === '500') throw new Unavailable('500')
    if (fault === 'silent') return this.#later(6_000, () => Promise.reject(new Unavailable('no answer')))
    const known = key && this.#answers.get(`${call}:${key}`)
    const answer = known ? (known as T) : run()
    if (key) this.#answers.set(`${call}:${key}`, answer)
    if (fault === 'stuck-after') return new Promise(() => {})
    if (fault === '500-after') throw new Unavailable('500')
    if (fault === 'silent-after') return this.#later(6_000, () => Promise.reject(new Unavailable('no answer')))
    return fault === 'slow' ? this.#later(3_000, () => answer) : answer
  }

  #later<T>(milliseconds: number, answer: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve) => void this.#clock.after(milliseconds, () => resolve(answer())))
  }

  #find(intentId: string): Intent {
    const found = this.intents.find((intent) => intent.intentId === intentId)
    if (!found) throw new Error(`there is no intent ${intentId}`)
    return found
  }
}
