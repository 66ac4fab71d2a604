import { acceptedFrame, framesFor, rejectedFrame, writeTransfer } from './frame.ts'
import type { AmqpError, DispositionFrame, Link, Session, TransferFrame, Typed } from './rhea.ts'

/** A message as it came in on a link. */
export interface Inbound {
  readonly data: Buffer
  /** 0 is one message, 0x80013700 a batch. */
  readonly format: number
  /** The sender does not want an answer. */
  readonly settled: boolean
  /** A transactional state, which this broker refuses. */
  readonly state: Typed | undefined
  accept(): void
  reject(error: AmqpError): void
}

/** What the client says of a delivery, and how to answer. */
export interface Verdict {
  readonly state: Typed | undefined
  accept(): void
  reject(error: AmqpError): void
}

interface Partial {
  readonly id: number
  readonly format: number
  readonly settled: boolean
  readonly state: Typed | undefined
  readonly chunks: Buffer[]
}

/** No client of sound mind settles more deliveries in one frame. */
const mostSettled = 1_000_000

const serial = (id: number): number => id >>> 0

/** Accepted deliveries of one tick, in as few frames as their ids allow. */
class Answers {
  readonly #session: Session
  /** true when the broker is the receiver of the deliveries. */
  readonly #role: boolean
  #ids: number[] = []

  constructor(session: Session, role: boolean) {
    this.#session = session
    this.#role = role
  }

  accept(id: number): void {
    if (this.#ids.push(id) === 1) process.nextTick(() => this.flush())
  }

  reject(id: number, error: AmqpError): void {
    this.flush()
    this.#write(rejectedFrame(this.#session.local.channel, this.#role, id, error))
  }

  flush(): void {
    const ids = this.#ids
    this.#ids = []
    let first = ids[0]
    for (let at = 0; first !== undefined && at < ids.length; at += 1) {
      const last = ids[at] as number
      if (ids[at + 1] === serial(last + 1)) continue
      this.#write(acceptedFrame(this.#session.local.channel, this.#role, first, last))
      first = ids[at + 1]
    }
  }

  #write(frame: Buffer): void {
    const { socket } = this.#session.connection
    if (socket.writable) socket.write(frame)
  }
}

/** Transfers and dispositions of one AMQP session. */
export class Exchange {
  readonly session: Session
  readonly #inbound = new Map<Link, (inbound: Inbound) => void>()
  readonly #partial = new Map<Link, Partial>()
  readonly #unsettled = new Map<number, (verdict: Verdict) => void>()
  readonly #windows = new Map<Link, () => void>()
  readonly #received: Answers
  readonly #sent: Answers
  readonly #unknown: AmqpError

  /** @param unknown what a client is told that settles a delivery which is over */
  constructor(session: Session, unknown: AmqpError) {
    this.session = session
    this.#unknown = unknown
    this.#received = new Answers(session, true)
    this.#sent = new Answers(session, false)
    const flow = session.on_flow.bind(session)
    session.on_transfer = (frame) => this.#onTransfer(frame)
    session.on_disposition = (frame) => this.#onDisposition(frame)
    session.on_flow = (frame) => {
      flow(frame)
      for (const opened of this.#windows.values()) opened()
    }
  }

  receive(link: Link, handle: (inbound: Inbound) => void): void {
    this.#inbound.set(link, handle)
  }

  /** `opened` runs when the link may have been given credit, or the session a larger window. */
  supply(link: Link, opened: () => void): void {
    this.#windows.set(link, opened)
  }

  forget(link: Link): void {
    this.#inbound.delete(link)
    this.#partial.delete(link)
    this.#windows.delete(link)
  }

  get #maxFrameSize(): number {
    return this.session.connection.remote.open?.max_frame_size ?? 512
  }

  /** Whether the client's window has room for a message of that many bytes. */
  hasRoom(length: number): boolean {
    return this.session.outgoing.transfer_window() >= framesFor(length, this.#maxFrameSize)
  }

  /** Counts a message against the link's credit; it must be sent then. */
  spend(link: Link): void {
    link.credit -= 1
    link.delivery_count = serial(link.delivery_count + 1)
  }

  /** Sends a message whose credit is spent. Without `settle` it is sent settled. @returns the delivery id */
  send(link: Link, tag: Buffer, head: Buffer, bare: Buffer, settle?: (verdict: Verdict) => void): number {
    const { outgoing, connection, local } = this.session
    const id = serial(outgoing.next_delivery_id)
    outgoing.next_delivery_id = serial(id + 1)
    outgoing.next_pending_delivery = outgoing.next_delivery_id
    outgoing.next_transfer_id += framesFor(head.length + bare.length, this.#maxFrameSize, tag.length)
    if (settle) this.#unsettled.set(id, settle)
    const transfer = { channel: local.channel, handle: link.local.handle, id, tag, settled: settle === undefined }
    if (connection.socket.writable) writeTransfer(connection.socket, transfer, head, bare, this.#maxFrameSize)
    return id
  }

  /** The delivery is over; whoever settles it later is told so. */
  over(id: number): void {
    this.#unsettled.delete(id)
  }

  #onTransfer(frame: TransferFrame): void {
    const { incoming } = this.session
    incoming.next_transfer_id += 1
    const link = this.session._get_link(frame)
    const { performative, payload } = frame
    const partial = this.#partial.get(link) ?? {
      id: performative.delivery_id ?? 0,
      format: performative.message_format ?? 0,
      settled: performative.settled ?? false,
      state: performative.state,
      chunks: [],
    }
    if (payload) partial.chunks.push(payload)
    if (performative.more && !performative.aborted) this.#partial.set(link, partial)
    else this.#complete(link, partial, performative.aborted === true)
    if (incoming.max_transfer_id - incoming.next_transfer_id < incoming.window / 2) this.session._write_flow()
  }

  #complete(link: Link, partial: Partial, aborted: boolean): void {
    this.#partial.delete(link)
    this.spend(link)
    const handle = this.#inbound.get(link)
    if (aborted || !handle) return
    const { chunks, format, id, settled, state } = partial
    const data = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
    handle({
      ...{ data, format, settled, state },
      accept: () => {
        if (!settled) this.#received.accept(id)
      },
      reject: (error) => {
        if (!settled) this.#received.reject(id, error)
      },
    })
  }

  #onDisposition({ performative }: DispositionFrame): void {
    // The client as sender settles what it sent: the broker had settled that already.
    if (!performative.role) return
    const { first, settled, state } = performative
    const last = performative.last ?? first
    if (last - first > mostSettled) throw new Error(`a disposition of ${last - first} deliveries`)
    for (let id = first; id <= last; id += 1) this.#settle(id, settled === true, state)
  }

  #settle(id: number, settled: boolean, state: Typed | undefined): void {
    const settle = this.#unsettled.get(id)
    if (!settle) {
      if (!settled) this.#sent.reject(id, this.#unknown)
      return
    }
    settle({
      state,
      accept: () => {
        if (!settled) this.#sent.accept(id)
      },
      reject: (error) => {
        if (!settled) this.#sent.reject(id, error)
      },
    })
  }
}
