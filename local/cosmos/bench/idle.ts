/** A server that keeps nothing and answers every request with the same container or item. Says where it is. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const answer = JSON.stringify({
  id: 'c',
  _rid: 'AQAAAIAAAAI=',
  partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
  text: 'x'.repeat(400),
})
const headers = {
  'content-type': 'application/json',
  'x-ms-request-charge': '1',
  'content-length': Buffer.byteLength(answer),
}

const server = createServer((incoming, outgoing) => {
  incoming.resume().on('end', () => outgoing.writeHead(incoming.method === 'POST' ? 201 : 200, headers).end(answer))
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
