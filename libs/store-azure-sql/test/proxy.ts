import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { packetTypes } from './tds.ts'

/** `begin`, `commit`, `rollback`, or another message: a statement, or one of the login. */
export type Passing = 'begin' | 'commit' | 'rollback' | 'other'

/** `lose`: the connection ends before the message arrives. `cut`: it ends when the answer comes. `hold`: the answer never comes. */
export type Fate = 'pass' | 'lose' | 'cut' | 'hold'

const transactionKinds: Record<number, Passing> = { 5: 'begin', 7: 'commit', 8: 'rollback' }

/** Stands between a client and a server, without TLS, and breaks what it is told to. */
export class FaultyProxy {
  /** Asked for each message of a client, once it is whole. */
  fate: (passing: Passing) => Fate = () => 'pass'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server
    server.on('connection', (client) => this.#join(client, connect(target)))
  }

  static async start(target: { host: string; port: number }): Promise<FaultyProxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new FaultyProxy(server, target)
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  cutAll() {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop() {
    this.cutAll()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(client: Socket, server: Socket) {
    let fate: Fate = 'pass'
    const part = () => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', part)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        part()
      })
    }
    const messages = new Messages((passing) => {
      fate = fate === 'hold' ? 'hold' : this.fate(passing)
    })
    client.on('data', (data) => {
      messages.read(data)
      if (fate === 'lose') part()
      else server.write(data)
    })
    server.on('data', (data) => {
      if (fate === 'cut') part()
      else if (fate === 'pass') client.write(data)
    })
  }
}

/** Finds the messages in what a client sends. */
class Messages {
  #received: Buffer = Buffer.alloc(0)
  #first: Buffer | undefined
  readonly #whole: (passing: Passing) => void

  constructor(whole: (passing: Passing) => void) {
    this.#whole = whole
  }

  read(data: Buffer | string) {
    this.#received = Buffer.concat([this.#received, Buffer.from(data as Buffer)])
    while (this.#received.length >= 8 && this.#received.length >= this.#received.readUInt16BE(2)) {
      const packet = this.#received.subarray(0, this.#received.readUInt16BE(2))
      this.#received = this.#received.subarray(packet.length)
      this.#first ??= packet
      if (!(packet.readUInt8(1) & 1)) continue
      this.#whole(passing(this.#first))
      this.#first = undefined
    }
  }
}

function passing(packet: Buffer): Passing {
  if (packet.readUInt8(0) !== packetTypes.transaction) return 'other'
  return transactionKinds[packet.readUInt16LE(8 + packet.readUInt32LE(8))] ?? 'other'
}
