/**
 * Hears what Flux alerts, inside the cluster: one line of JSON for each POST that it is sent. It is mounted into a pod as it is, so
 * it imports nothing but Node.
 */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

const server = createServer(async (request, response) => {
  const body = await text(request)
  // Read back and written again: a line stays one line.
  if (request.method === 'POST') process.stdout.write(`${JSON.stringify(JSON.parse(body))}\n`)
  response.end()
})
server.listen(Number(process.argv[2] ?? 8080))
process.once('SIGTERM', () => server.close(() => process.exit(0)))
