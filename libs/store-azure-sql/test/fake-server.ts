import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import * as tds from './tds.ts'

/** A message of a client: `login`, `begin`, `commit`, `rollback`, `cancel`, or the text of a statement. */
export type Asked = string

/** `silence`: nothing comes. `half`: the answer begins, and no more comes. `cut`: the connection is closed. `begun`: done, and a transaction is open. */
export type Reply =
  | 'done'
  | 'silence'
  | 'half'
  | 'cut'
  | 'begun'
  | { readonly error: number; readonly severity?: number; readonly rollsBack?: boolean }
  | { readonly numbers: readonly (bigint | null)[] }

/** A server that speaks TDS and answers as a test says: for what a real one does only on bad days. */
export class FakeServer {
  /** What was asked, in its order; what a login sets is not. */
  readonly asked: Asked[] = []
  /** Tokens of Entra ID that it was given. */
  readonly tokens: string[] = []
  /** Answers a message, at once or later; `done` when absent. */
  reply: (asked: Asked) => Reply | undefined | Promise<Reply> = () => 'done'
  /** When it wants a token: whom it is to be for. */
  audience: string | undefined
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => this.#sockets.delete(socket))
      new FakeSession(this, socket).listen()
    })
  }

  static async start(port = 0): Promise<FakeServer> {
    const server = createServer()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new FakeServer(server)
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  get connectionString(): string {
    return `Server=127.0.0.1,${this.port};Database=fake;User Id=sa;Password=hush;Encrypt=false`
  }

  get connections(): number {
    return this.#sockets.size
  }

  count(asked: Asked): number {
    return this.asked.filter((one) => one === asked).length
  }

  /** As a server that is restarted: its connections end, and it listens. */
  cutAll() {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop() {
    this.cutAll()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }
}

class FakeSession {
  readonly #server: FakeServer
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #message: Buffer[] = []
  #isSetUp = false

  constructor(server: FakeServer, socket: Socket) {
    this.#server = server
    this.#socket = socket
  }

  listen() {
    this.#socket.on('data', (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data])
      this.#read()
    })
  }

  #read() {
    while (this.#received.length >= 8) {
      const length = this.#received.readUInt16BE(2)
      if (this.#received.length < length) return
      const [type, status] = this.#received
      this.#message.push(this.#received.subarray(8, length))
      this.#received = this.#received.subarray(length)
      if (!((status ?? 0) & 1)) continue
      const message = Buffer.concat(this.#message)
      this.#message = []
      void this.#handle(type ?? 0, message)
    }
  }

  #handle(type: number, message: Buffer): void | Promise<void> {
    if (type === tds.packetTypes.prelogin) return this.#send(tds.preloginAnswer())
    if (type === tds.packetTypes.token) {
      this.#server.tokens.push(message.toString('utf16le', 8))
      return this.#send(tds.loggedIn(true))
    }
    if (type === tds.packetTypes.login) {
      const { audience } = this.#server
      return this.#answer('login', audience ? tds.tokenWanted(audience) : tds.loggedIn(false))
    }
    if (type === tds.packetTypes.batch && !this.#isSetUp) {
      this.#isSetUp = true
      return this.#send(tds.done())
    }
    if (type === tds.packetTypes.attention) return this.#answer('cancel', tds.done('attention'))
    if (type === tds.packetTypes.transaction) {
      const kind = ({ 5: 'begin', 7: 'commit', 8: 'rollback' } as const)[message.readUInt16LE(message.readUInt32LE(0))]
      if (kind === undefined) throw new Error('a message that this server does not know')
      return this.#answer(kind, Buffer.concat([tds.transactionChanged(kind), tds.done()]))
    }
    return this.#answer(statementOf(message), tds.done())
  }

  async #answer(asked: Asked, whenDone: Buffer) {
    this.#server.asked.push(asked)
    const reply = (await this.#server.reply(asked)) ?? 'done'
    if (reply === 'done') {
      // What was cancelled is answered too, before the cancelling itself.
      if (asked === 'cancel') this.#send(tds.done('error'))
      return this.#send(whenDone)
    }
    if (reply === 'silence') return
    if (reply === 'begun') return this.#send(Buffer.concat([tds.transactionChanged('begin'), tds.done()]))
    if (reply === 'cut') return void this.#socket.destroy()
    if (reply === 'half') return void this.#socket.write(tds.packet(tds.numbersHead('n'), false))
    if ('error' in reply) {
      const rolledBack = reply.rollsBack ? tds.transactionChanged('rollback') : Buffer.alloc(0)
      return this.#send(Buffer.concat([rolledBack, tds.failed(reply.error, reply.severity ?? 16)]))
    }
    this.#send(Buffer.concat([tds.numbersHead('n'), ...reply.numbers.map(tds.numbersRow), tds.done()]))
  }

  #send(data: Buffer) {
    if (!this.#socket.destroyed) this.#socket.write(tds.packet(data))
  }
}

/** The first parameter of `sp_executesql`, which is `nvarchar` of up to 4,000 characters here. */
function statementOf(message: Buffer): string {
  const headers = message.readUInt32LE(0)
  const nameLength = message.readUInt8(headers + 6)
  // 0xFFFF, the procedure, options; then name, status, and type with its length and collation.
  const start = headers + 7 + nameLength * 2 + 1 + 1 + 2 + 5
  const length = message.readUInt16LE(start)
  return message.toString('utf16le', start + 2, start + 2 + length)
}
