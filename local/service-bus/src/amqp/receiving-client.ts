import type { Broker } from '../broker.ts'
import type { Entry } from '../entry.ts'
import { newLockToken } from '../lock-token.ts'
import { sizeOf } from '../message.ts'
import type { Consumer, MessageQueue } from '../queue.ts'
import { lockLost, notImplemented, Refusal } from '../refusal.ts'
import { encodeHead, envelopeOf } from './delivery.ts'
import { codec, type Outcome, type SenderLink } from './rhea.ts'
import type { Exchange, Verdict } from './session.ts'

const outcome = { accepted: 0x24, rejected: 0x25, released: 0x26, modified: 0x27 } as const

/** What a delivery adds to a message at most, in bytes: header, the broker's annotations, a dead letter's source. */
const headRoom = 1024

const asError = ({ condition, message }: Refusal) => ({ condition, description: message })

/** A client's link that receives from a queue. */
export class ReceivingClient implements Consumer {
  readonly #broker: Broker
  readonly #queue: MessageQueue
  readonly #exchange: Exchange
  readonly #link: SenderLink
  readonly #deletes: boolean
  readonly #releases: boolean
  readonly #held = new Set<Entry>()
  #sending = 0
  #open = true

  /** @param releases whether locks end with the link; in the service they last until they expire */
  constructor(broker: Broker, queue: MessageQueue, exchange: Exchange, link: SenderLink, releases: boolean) {
    this.#broker = broker
    this.#queue = queue
    this.#exchange = exchange
    this.#link = link
    this.#releases = releases
    // Sender settle mode 1, settled: receive and delete.
    this.#deletes = link.snd_settle_mode === 1
    link._get_drain = () => link._draining
    exchange.supply(link, () => this.#opened())
    queue.attach(this)
  }

  hungry(entry: Entry): boolean {
    const size = sizeOf(entry.message) + headRoom
    return this.#open && this.#link.credit > 0 && this.#exchange.hasRoom(size) && this.#link.is_open()
  }

  take(entry: Entry): void {
    this.#exchange.spend(this.#link)
    if (this.#deletes) this.#takeForGood(entry)
    else this.#lend(entry)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#queue.detach(this)
    this.#exchange.forget(this.#link)
    if (this.#releases) for (const entry of [...this.#held]) this.#broker.settlement.abandon(this.#queue, entry)
  }

  /** At most once: it is gone before it is sent. */
  #takeForGood(entry: Entry): void {
    this.#sending += 1
    const head = encodeHead(envelopeOf(entry))
    this.#broker.settlement.complete(this.#queue, entry, () => {
      this.#sending -= 1
      if (this.#open) this.#exchange.send(this.#link, newLockToken(), head, entry.message.bare)
    })
  }

  #lend(entry: Entry): void {
    const token = newLockToken()
    let id = -1
    const lock = this.#queue.lock(entry, token, () => {
      this.#exchange.over(id)
      this.#held.delete(entry)
    })
    if (this.#releases) this.#held.add(entry)
    const head = encodeHead(envelopeOf(entry, lock.until))
    id = this.#exchange.send(this.#link, token, head, entry.message.bare, (verdict) => {
      if (!this.#broker.settlement.isHeld(entry, lock.key)) return verdict.reject(asError(lockLost()))
      try {
        this.#settle(entry, verdict)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        verdict.reject(asError(error))
      }
    })
  }

  #settle(entry: Entry, { state, accept }: Verdict): void {
    const { settlement } = this.#broker
    const queue = this.#queue
    const descriptor = state?.descriptor?.value
    if (descriptor === outcome.accepted) settlement.complete(queue, entry, accept)
    else if (descriptor === outcome.released) settlement.release(queue, entry, accept)
    else if (state && descriptor === outcome.modified) this.#modified(entry, codec.unwrap_outcome(state), accept)
    else if (state && descriptor === outcome.rejected) this.#rejected(entry, codec.unwrap_outcome(state), accept)
    else throw notImplemented(`the delivery state ${String(descriptor)} (transactions) is`)
  }

  #modified(entry: Entry, { message_annotations: properties, undeliverable_here }: Outcome, accept: () => void): void {
    const { settlement } = this.#broker
    if (undeliverable_here) settlement.defer(this.#queue, entry, properties, accept)
    else settlement.abandon(this.#queue, entry, properties, accept)
  }

  #rejected(entry: Entry, { error }: Outcome, accept: () => void): void {
    const { DeadLetterReason, DeadLetterErrorDescription, ...properties } = error?.info ?? {}
    const reason = textOf(DeadLetterReason) ?? error?.condition
    const description = textOf(DeadLetterErrorDescription) ?? error?.description
    this.#broker.settlement.deadLetter(this.#queue, entry, { reason, description, properties }, accept)
  }

  #opened(): void {
    this.#queue.pump()
    if (!this.#link._draining) return
    // What is on its way to the disk is sent before the client is told that there is no more.
    if (this.#sending > 0) this.#broker.journal.after(() => this.#drained())
    else this.#drained()
  }

  #drained(): void {
    if (!this.#open || !this.#link._draining) return
    while (this.#link.credit > 0) this.#exchange.spend(this.#link)
    this.#link.session._write_flow(this.#link)
    this.#link._draining = false
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
