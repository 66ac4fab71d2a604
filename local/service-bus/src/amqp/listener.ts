import { createServer, type Server, type Socket } from 'node:net'
import type { Broker } from '../broker.ts'
import { lockLost, notFound, notImplemented, Refusal } from '../refusal.ts'
import { Claims } from './claims.ts'
import { corkPerTurn } from './cork.ts'
import { type Managed, Management } from './management.ts'
import { ReceivingClient } from './receiving-client.ts'
import { Requests } from './requests.ts'
import {
  type Connection,
  type Container,
  createContainer,
  type Link,
  type ReceiverLink,
  type SenderLink,
  type Session,
} from './rhea.ts'
import { serveSendingClient } from './sending-client.ts'
import { Exchange } from './session.ts'

export interface AmqpOptions {
  readonly broker: Broker
  /** Bytes of one message or batch. */
  readonly maxMessageSize: number
  /** Locks end when their link or connection does; in the service they last until they expire. */
  readonly releaseLocks: boolean
  /** Is told when a connection broke in a way that neither side asked for. */
  readonly report: (text: string) => void
}

const management = '/$management'
const sessionFilter = 'com.microsoft:session-filter'

/** A client's connection: its claims, its sessions, its links. */
class Client {
  readonly #options: AmqpOptions
  readonly #management: Management
  readonly #claims: Claims
  readonly #requests = new Requests()
  readonly #exchanges = new Map<Session, Exchange>()
  readonly #receiving = new Map<Link, ReceivingClient>()

  constructor(options: AmqpOptions, manager: Management) {
    this.#options = options
    this.#management = manager
    this.#claims = new Claims(options.broker.clock, options.broker.namespace)
  }

  begin(session: Session): void {
    const { message, condition } = lockLost()
    this.#exchanges.set(session, new Exchange(session, { condition, description: message }))
  }

  end(session: Session): void {
    this.#exchanges.delete(session)
    for (const link of this.#receiving.keys()) if (link.session === session) this.detach(link)
  }

  disconnect(): void {
    for (const link of this.#receiving.keys()) this.detach(link)
    this.#exchanges.clear()
  }

  detach(link: Link): void {
    this.#receiving.get(link)?.close()
    this.#receiving.delete(link)
    this.#exchanges.get(link.session)?.forget(link)
    this.#requests.removeReplyLink(link)
  }

  /** The client wants to send. */
  attachSender(link: ReceiverLink): void {
    attach(link, () => {
      const address = link.target?.address
      if (!address)
        throw notImplemented(link.target?.dynamic ? 'dynamic nodes are' : 'transactions (a coordinator target) are')
      const serve = this.#inbound(address, link)
      link.set_target({ address })
      link.set_source(link.source ?? {})
      link.local.attach.max_message_size = this.#options.maxMessageSize
      serve(this.#exchange(link))
    })
  }

  /** The client wants to receive. */
  attachReceiver(link: SenderLink): void {
    attach(link, () => {
      const address = link.source?.address
      if (!address) throw notImplemented('dynamic nodes are')
      const serve = this.#outbound(address, link)
      link.set_source({ address })
      link.set_target(link.target ?? {})
      link.local.attach.snd_settle_mode = link.snd_settle_mode
      link.local.attach.rcv_settle_mode = link.rcv_settle_mode
      serve(this.#exchange(link))
    })
  }

  #exchange(link: Link): Exchange {
    const exchange = this.#exchanges.get(link.session)
    if (!exchange) throw new Error(`link ${link.name} belongs to no session`)
    return exchange
  }

  #inbound(address: string, link: ReceiverLink): (exchange: Exchange) => void {
    if (address === '$cbs') {
      return (exchange) =>
        this.#requests.serve(exchange, link, (request, respond) => this.#claims.handle(request, respond))
    }
    const managed = this.#managed(address)
    if (managed) {
      return (exchange) =>
        this.#requests.serve(exchange, link, (request, respond) => this.#management.handle(managed, request, respond))
    }
    const { broker, maxMessageSize } = this.#options
    const inlet = broker.namespace.inlet(address)
    if (!inlet && broker.namespace.outlet(address)) {
      throw new Refusal('amqp:not-allowed', 400, `'${address}' cannot be sent to; send to its queue or topic`)
    }
    if (!inlet) throw notFound(address)
    this.#claims.check(address)
    return (exchange) => serveSendingClient(broker, inlet, exchange, link, maxMessageSize)
  }

  #outbound(address: string, link: SenderLink): (exchange: Exchange) => void {
    if (address === '$cbs' || this.#managed(address)) {
      return (exchange) => this.#requests.addReplyLink(exchange, link)
    }
    const { broker, releaseLocks } = this.#options
    if (/\/\$Transfer(\/|$)/i.test(address)) throw notImplemented('transfer dead-letter queues are')
    const queue = broker.namespace.outlet(address)?.queue
    if (!queue && broker.namespace.inlet(address)) {
      throw new Refusal('amqp:not-allowed', 400, `'${address}' is a topic; receive from one of its subscriptions`)
    }
    if (!queue) throw notFound(address)
    this.#claims.check(address)
    if (link.source?.filter && sessionFilter in link.source.filter) throw notImplemented('sessions are')
    return (exchange) => this.#receiving.set(link, new ReceivingClient(broker, queue, exchange, link, releaseLocks))
  }

  /** @throws Refusal if nothing has the address, or no claim covers it */
  #managed(address: string): Managed | undefined {
    if (!address.toLowerCase().endsWith(management)) return undefined
    const name = address.slice(0, -management.length)
    const { namespace } = this.#options.broker
    const outlet = namespace.outlet(name)
    const inlet = namespace.inlet(name)
    if (!outlet && !inlet) throw notFound(name)
    this.#claims.check(name)
    return { inlet, queue: outlet?.queue, subscription: outlet?.subscription }
  }
}

/** A refused link is attached without its terminus and closed with the reason, as the specification asks. */
function attach(link: Link, serve: () => void): void {
  try {
    serve()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    link.close({ condition: error.condition, description: error.message })
  }
}

export interface AmqpServer {
  readonly server: Server
  /** Tells every client that the broker goes, and waits until the connections are closed. */
  close(): Promise<void>
}

/** How long clients have to close their side, in milliseconds. */
const farewell = 500

/** As the service announces them. */
const connectionOptions = { max_frame_size: 65_536, idle_time_out: 60_000, session_buffer_size: 2048, reconnect: false }

function connect(container: Container, options: AmqpOptions, manager: Management, socket: Socket): Connection {
  corkPerTurn(socket)
  const connection = container.create_connection(connectionOptions)
  const client = new Client(options, manager)
  connection.on('session_open', ({ session }) => client.begin(session))
  connection.on('session_close', ({ session }) => client.end(session))
  connection.on('receiver_open', ({ receiver }) => client.attachSender(receiver))
  connection.on('sender_open', ({ sender }) => client.attachReceiver(sender))
  connection.on('receiver_close', ({ receiver }) => client.detach(receiver))
  connection.on('sender_close', ({ sender }) => client.detach(sender))
  for (const over of ['connection_close', 'disconnected']) connection.on(over, () => client.disconnect())
  // A client may close anything with an error of its own: that is its business.
  for (const theirs of ['connection_error', 'session_error', 'receiver_error', 'sender_error']) {
    connection.on(theirs, () => undefined)
  }
  // What breaks the protocol, or this broker, costs the connection; rhea has ended it by then.
  for (const broken of ['protocol_error', 'error']) {
    connection.on(broken, (error) => options.report(`a connection was ended: ${(error as unknown as Error).stack}`))
  }
  connection.accept(socket)
  return connection
}

export function createAmqpServer(options: AmqpOptions): AmqpServer {
  const container = createContainer({
    id: options.broker.namespace.name,
    sender_options: { autosettle: false, treat_modified_as_released: false },
    receiver_options: { autoaccept: false, autosettle: false, credit_window: 0 },
  })
  const manager = new Management(options.broker, options.maxMessageSize)
  const connections = new Map<Socket, Connection>()
  const server = createServer({ noDelay: true }, (socket) => {
    connections.set(socket, connect(container, options, manager, socket))
    socket.on('close', () => connections.delete(socket))
  })
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const connection of connections.values()) {
      connection.close({ condition: 'amqp:connection:forced', description: 'The broker is shutting down.' })
    }
    const impatient = setTimeout(() => {
      for (const socket of connections.keys()) socket.destroy()
    }, farewell)
    await closed
    clearTimeout(impatient)
  }
  return { server, close }
}
