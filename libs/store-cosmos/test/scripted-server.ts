import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON; undefined is no body at all. */
  readonly body?: unknown
}

/** One operation of a bulk request, as it is on the wire. */
export interface WireOperation {
  readonly operationType: string
  readonly id?: string
  readonly ifMatch?: string
  readonly partitionKey: string
  readonly resourceBody?: Readonly<Record<string, unknown>>
}

export interface Asked {
  readonly headers: IncomingMessage['headers']
  readonly operations: readonly WireOperation[]
}

const key = 'c2VjcmV0'

/** A server that knows one container, and answers bulk requests as it is told; undefined: not at all. */
export async function startScriptedServer(answer: (asked: Asked) => Reply | undefined) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const reply = request.headers['x-ms-cosmos-is-batch-request']
      ? answer({ headers: request.headers, operations: JSON.parse(Buffer.concat(chunks).toString()) })
      : {
          status: 200,
          body: metadata(request.url ?? '', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
        }
    if (!reply) return
    const text = reply.body === undefined || typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    key,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function metadata(url: string, endpoint: string) {
  if (url.endsWith('/pkranges')) {
    return { _count: 1, PartitionKeyRanges: [{ id: '0', minInclusive: '', maxExclusive: 'FF', status: 'online' }] }
  }
  if (url.startsWith('/dbs/')) {
    return { id: 'mails', _rid: 'AAAAAAAAAAA=', partitionKey: { paths: ['/orderId'], kind: 'Hash', version: 2 } }
  }
  const locations = [{ name: 'here', databaseAccountEndpoint: endpoint }]
  return {
    id: 'account',
    writableLocations: locations,
    readableLocations: locations,
    userConsistencyPolicy: { defaultConsistencyLevel: 'Session' },
  }
}

let etags = 0
/** What a server answers that does all it is asked. */
export const done = ({ operations }: Asked): Reply => ({
  status: 200,
  body: operations.map(({ operationType }) => ({
    statusCode: operationType === 'Create' ? 201 : 200,
    eTag: `"${++etags}"`,
    requestCharge: 5,
  })),
})
