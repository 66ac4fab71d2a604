import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type GatewayOptions, type Service, services, startGateway } from '../src/server.ts'

export const token = { authorization: 'Bearer ada' }

/** A replica of a service that does what `listener` does. */
export async function replica(listener: RequestListener, port = 0) {
  const server = createServer(listener).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  onTestFinished(stop)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, stop }
}

/** An origin that refuses connections. */
export async function nobody() {
  const { url, server } = await replica(() => {})
  server.close()
  await once(server, 'close')
  return url
}

export interface Echo {
  service: string
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

/** Answers with what it was sent. */
export function echo(service: string): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, url, headers } = request
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ service, method, url, headers, body: Buffer.concat(chunks).toString() }))
    })
  }
}

/** A gateway before four echoes, of which `upstreams` replaces some. */
export async function gateway(
  upstreams: Partial<Record<Service, string[]>> = {},
  options: Partial<GatewayOptions> = {},
) {
  const all = {} as Record<Service, string[]>
  for (const service of services) all[service] = upstreams[service] ?? [(await replica(echo(service))).url]
  const server = await startGateway({ linger: 0, ...options, upstreams: all })
  onTestFinished(() => server.close())
  return server
}

export async function problem(response: Response) {
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, media: response.headers.get('content-type'), body }
}
