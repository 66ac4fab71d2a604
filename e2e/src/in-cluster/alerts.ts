/**
 * Hears what Flux alerts, inside the cluster: one line of JSON for each POST that it is sent, also for what is no JSON. It is mounted into a pod as it is, so
 * it imports nothing but Node.
 */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

/** Read back and written again: a line stays one line. */
function lineOf(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body))
  } catch {
    return JSON.stringify({ unreadable: body })
  }
}

const server = createServer(async (request, response) => {
  const body = await text(request)
  if (request.method === 'POST') process.stdout.write(`${lineOf(body)}\n`)
  response.end()
})
server.listen(Number(process.argv[2] ?? 8080))
process.once('SIGTERM', () => server.close(() => process.exit(0)))
