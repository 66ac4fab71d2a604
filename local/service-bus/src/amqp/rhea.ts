import type { Socket } from 'node:net'
import rhea from 'rhea'

/**
 * The part of rhea that this broker stands on. rhea does framing, SASL, sessions, attach and flow; transfers and
 * dispositions are done in session.ts, because rhea's own bookkeeping of deliveries merges unlike outcomes of one tick and
 * stalls behind the oldest unsettled delivery. Several members are not in rhea's own typings.
 */

/** An AMQP value with its type, as rhea reads and writes it. */
export interface Typed {
  readonly type: { readonly typecode: number }
  readonly value: unknown
  readonly descriptor?: { readonly value: unknown }
}

export interface Writer {
  write(value: Typed): void
  toBuffer(): Buffer
}

export interface Types {
  readonly Reader: new (buffer: Buffer) => { read(): Typed; remaining(): number }
  readonly Writer: new () => Writer
  wrap(value: unknown): Typed
  wrap_array(values: readonly unknown[], typecode: number, descriptor?: unknown): Typed
  wrap_binary(value: Buffer): Typed
  wrap_int(value: number): Typed
  wrap_list(values: readonly unknown[]): Typed
  wrap_long(value: number): Typed
  wrap_map(value: Record<string, unknown>): Typed
  wrap_string(value: string): Typed
  wrap_symbol(value: string): Typed
  wrap_timestamp(value: number): Typed
  wrap_ulong(value: number): Typed
  wrap_uuid(value: Buffer): Typed
  Map32(values: readonly Typed[]): Typed
  described(descriptor: Typed, value: Typed): Typed
  unwrap(value: Typed | undefined): unknown
}

export interface AmqpError {
  readonly condition: string
  readonly description?: string
  readonly info?: Readonly<Record<string, unknown>>
}

export interface Outcome {
  readonly constructor: { readonly composite_type?: string }
  readonly error?: AmqpError
  readonly undeliverable_here?: boolean
  readonly message_annotations?: Record<string, unknown>
}

export interface DecodedMessage {
  readonly message_id?: string | number | Buffer
  readonly reply_to?: string
  readonly body?: unknown
  readonly application_properties?: Readonly<Record<string, unknown>>
}

interface MessageCodec {
  encode(message: object): Buffer
  decode(buffer: Buffer): DecodedMessage
  rejected(fields: { error: AmqpError }): { described(): Typed }
  unwrap_outcome(state: Typed): Outcome
}

export interface Terminus {
  readonly address?: string | null
  readonly filter?: Readonly<Record<string, unknown>>
  readonly dynamic?: boolean
}

export interface Link {
  readonly name: string
  readonly session: Session
  readonly connection: Connection
  readonly source: Terminus | null
  readonly target: Terminus | null
  readonly snd_settle_mode: number | undefined
  readonly rcv_settle_mode: number | undefined
  readonly properties: Readonly<Record<string, unknown>> | undefined
  readonly local: { readonly handle: number; readonly attach: Record<string, unknown> }
  credit: number
  delivery_count: number
  set_source(fields: object): void
  set_target(fields: object): void
  close(error?: AmqpError): void
  is_open(): boolean
  on(event: string, listener: () => void): this
}

/** A link on which the broker sends. */
export interface SenderLink extends Link {
  _draining: boolean
  _get_drain(): boolean
}

/** A link on which the broker receives. */
export interface ReceiverLink extends Link {
  add_credit(credit: number): void
}

export interface TransferFrame {
  readonly performative: {
    readonly handle: number
    readonly delivery_id?: number
    readonly message_format?: number
    readonly settled?: boolean
    readonly more?: boolean
    readonly aborted?: boolean
    readonly state?: Typed
  }
  readonly payload?: Buffer
}

export interface DispositionFrame {
  readonly performative: {
    readonly role: boolean
    readonly first: number
    readonly last?: number
    readonly settled?: boolean
    readonly state?: Typed
  }
}

export interface Session {
  readonly connection: Connection
  readonly local: { readonly channel: number }
  readonly outgoing: {
    next_delivery_id: number
    next_pending_delivery: number
    next_transfer_id: number
    transfer_window(): number
  }
  readonly incoming: { next_transfer_id: number; readonly max_transfer_id: number; readonly window: number }
  on_transfer(frame: TransferFrame): void
  on_disposition(frame: DispositionFrame): void
  on_flow(frame: object): void
  on(event: string, listener: () => void): this
  _get_link(frame: TransferFrame): Link
  _write_flow(link?: Link): void
}

export interface Connection {
  readonly socket: Socket
  readonly remote: { readonly open?: { readonly max_frame_size: number } }
  readonly options: { readonly id: string }
  accept(socket: Socket): void
  close(error?: AmqpError): void
  is_closed(): boolean
  on(event: string, listener: (context: EventContext) => void): this
}

export interface EventContext {
  readonly connection: Connection
  readonly session: Session
  readonly sender: SenderLink
  readonly receiver: ReceiverLink
  readonly error?: Error
}

export interface Container {
  create_connection(options: object): Connection
  on(event: string, listener: (context: EventContext) => void): this
}

const library = rhea as unknown as {
  readonly types: Types
  readonly message: MessageCodec
  create_container(options: object): Container
}

export const types = library.types
export const codec = library.message
export const createContainer = (options: object): Container => library.create_container(options)
