import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { wellKnownKey } from './engine/authorization.ts'
import { Engine } from './engine/engine.ts'
import type { Request, Response } from './engine/exchange.ts'
import type { Fault } from './engine/faults.ts'
import { Refusal } from './engine/refusal.ts'

export interface CosmosOptions {
  /** 0, the default, takes a free one. */
  port?: number
  host?: string
  /** Folder for the data; without it, they live in memory and end with the process. */
  data?: string
  /** Whether `POST /flotilla/faults` and `setFault` may be used. */
  faults?: boolean
  /** Milliseconds since the epoch. */
  now?: () => number
  /** Told of faults of this program; by default they are written to stderr. */
  onFault?: (error: unknown) => void
}

export interface Cosmos {
  host: string
  port: number
  /** For `new CosmosClient({ endpoint, key })`. */
  endpoint: string
  key: string
  /** The same as `POST /flotilla/faults`. Throws when faults are not allowed. */
  setFault(fault: Fault): void
  close(): Promise<void>
}

/** Bytes; what the service takes at most. */
const requestSizeAtMost = 2 * 1024 * 1024

const purgeEvery = 1_000
const purgedAtOnce = 200

/** Starts the server. Rejects with EADDRINUSE when the port is taken, and plainly when the data folder is in use. */
export async function startCosmos(options: CosmosOptions = {}): Promise<Cosmos> {
  const { host = '127.0.0.1', port = 0, data, faults = false, now = Date.now } = options
  const onFault = options.onFault ?? ((error) => process.stderr.write(`cosmos: ${(error as Error).stack ?? error}\n`))
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  let endpoint = ''
  const engine = new Engine({ data, now, onFault, endpoint: () => endpoint })
  const tools = { engine, turn: new Turn(engine), faults, isClosing: false }
  const server = createServer({ keepAlive: true, noDelay: true, keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    void serve(incoming, outgoing, tools).catch((error: unknown) => {
      // A client that went away is no fault of ours.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') onFault(error)
      outgoing.destroy()
    })
  })
  try {
    await listen(server, port, host)
  } catch (error) {
    engine.close()
    throw error
  }
  const { port: taken } = server.address() as AddressInfo
  endpoint = `http://${name.includes(':') ? `[${name}]` : name}:${taken}`
  const stopPurging = purgeRegularly(engine, onFault)
  return {
    host: name,
    port: taken,
    endpoint,
    key: wellKnownKey,
    setFault: (fault) => {
      if (!faults) throw new Error('Faults are not allowed here: start with `faults: true`.')
      engine.faults.set(fault)
    },
    close: async () => {
      stopPurging()
      tools.isClosing = true
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      await closed
      tools.turn.flush()
      engine.close()
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Group commit: requests that have arrived within one event-loop turn share one, and none is answered before it. */
class Turn {
  readonly #engine: Engine
  #waiting: { request: Request; answer: (response: Response) => void }[] = []

  constructor(engine: Engine) {
    this.#engine = engine
  }

  submit(request: Request): Promise<Response> {
    if (this.#waiting.length === 0) setImmediate(() => this.flush())
    return new Promise((answer) => this.#waiting.push({ request, answer }))
  }

  flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    if (waiting.length === 0) return
    const responses = this.#engine.handleAll(waiting.map(({ request }) => request))
    for (const [index, { answer }] of waiting.entries()) answer(responses[index] as Response)
  }
}

interface Tools {
  engine: Engine
  turn: Turn
  faults: boolean
  /** Whether the server is about to end. */
  isClosing: boolean
}

async function serve(incoming: IncomingMessage, outgoing: ServerResponse, tools: Tools): Promise<void> {
  const { engine, turn, faults } = tools
  const path = (incoming.url ?? '/').split('?', 1)[0] as string
  const body = await readBody(incoming)
  if (path === '/health/ready') return send(outgoing, { status: 200, headers: json, body: '{"status":"ready"}' })
  if (body === undefined) {
    const message = 'Request size is too large: at most 2 MB.'
    return send(outgoing, {
      status: 413,
      headers: json,
      body: JSON.stringify({ code: 'RequestEntityTooLarge', message }),
    })
  }
  if (path === '/flotilla/faults' && faults) return send(outgoing, answerFaults(engine, incoming.method, body))
  const request = { method: incoming.method ?? 'GET', path, headers: incoming.headers, body }
  const response = await turn.submit(request)
  if (tools.isClosing) response.headers.connection = 'close'
  send(outgoing, response)
}

const json = { 'content-type': 'application/json' }

function answerFaults(engine: Engine, method: string | undefined, body: string): Response {
  try {
    if (method === 'POST') engine.faults.set(JSON.parse(body))
    return { status: 200, headers: json, body: JSON.stringify(engine.faults.show()) }
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof SyntaxError)) throw error
    return { status: 400, headers: json, body: JSON.stringify({ code: 'BadRequest', message: error.message }) }
  }
}

/** Undefined when it is too large; it is then read to its end and thrown away, so that the client hears why. */
function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= requestSizeAtMost) chunks.push(chunk)
      else chunks.length = 0
    })
    incoming.on('end', () => resolve(size > requestSizeAtMost ? undefined : Buffer.concat(chunks).toString()))
    incoming.on('error', reject)
  })
}

function send(outgoing: ServerResponse, { status, headers, body }: Response): void {
  const hasBody = status !== 204 && status !== 304
  outgoing.writeHead(status, hasBody ? { ...headers, 'content-length': Buffer.byteLength(body) } : headers)
  outgoing.end(body)
}

/** Deletes what has expired, little by little: nobody can see it any more, it only takes room. */
function purgeRegularly(engine: Engine, onFault: (error: unknown) => void): () => void {
  let timer: NodeJS.Timeout
  const purge = () => {
    let count = 0
    try {
      count = engine.purge(purgedAtOnce)
    } catch (error) {
      onFault(error)
    }
    timer = setTimeout(purge, count >= purgedAtOnce ? 20 : purgeEvery).unref()
  }
  timer = setTimeout(purge, purgeEvery).unref()
  return () => clearTimeout(timer)
}
