import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Broker } from '../broker.ts'
import { percentDecoded } from '../percent.ts'
import { checkSasToken } from '../sas.ts'
import { Catalogue, type Described } from './catalogue.ts'
import { depthsOf } from './depths.ts'
import { element, text, type Xml } from './xml.ts'

export interface AdminOptions {
  readonly broker: Broker
  readonly quota: number
  readonly maxMessageSize: number
}

/** An answer of the Atom API. */
interface Answer {
  readonly status: number
  readonly xml: Xml
}

const atom = 'http://www.w3.org/2005/Atom'

function entryOf({ content, path }: Described, base: string, attributes: Record<string, string> = {}): Xml {
  const inside = [
    element('id', text(`${base}/${path}`)),
    element('title', text(path.slice(path.lastIndexOf('/') + 1)), { type: 'text' }),
    element('content', content, { type: 'application/xml' }),
  ]
  return element('entry', inside, attributes)
}

function feedOf(all: readonly Described[], url: URL, base: string): Xml {
  const number = (name: string, otherwise: number) => Number(url.searchParams.get(name) ?? otherwise)
  const [skip, top] = [number('$skip', 0), number('$top', 100)]
  const links = [element('link', '', { rel: 'self', href: url.href })]
  if (skip + top < all.length) {
    const next = new URL(url)
    next.searchParams.set('$skip', String(skip + top))
    links.push(element('link', '', { rel: 'next', href: next.href }))
  }
  const entries = all.slice(skip, skip + top).map((each) => entryOf(each, base))
  return element('feed', [element('id', text(url.href)), ...links, ...entries], { xmlns: atom })
}

const fail = (status: number, detail: string): Answer => ({
  status,
  xml: element('Error', [element('Code', String(status)), element('Detail', text(detail))]),
})

function answer(catalogue: Catalogue, broker: Broker, request: IncomingMessage, url: URL, path: string): Answer {
  if (request.method !== 'GET') {
    const why = 'entities are declared in the configuration file'
    return fail(405, `${request.method} is not supported by this broker: ${why}.`)
  }
  const token = checkSasToken(request.headers.authorization ?? '', broker.clock.now())
  if (typeof token === 'string') return fail(401, `Unauthorized: ${token}`)
  const found = catalogue.find(path)
  if (typeof found === 'string') return fail(404, found)
  const xml = 'one' in found ? entryOf(found.one, url.origin, { xmlns: atom }) : feedOf(found.all, url, url.origin)
  return { status: 200, xml }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function handle(catalogue: Catalogue, broker: Broker, request: IncomingMessage, response: ServerResponse): void {
  const origin = `http://${request.headers.host ?? 'localhost'}`
  const url = URL.parse(request.url ?? '/', origin)
  const path = url && percentDecoded(url.pathname)?.replace(/^\/+|\/+$/g, '')
  if (!url || path === undefined || path === null) {
    send(response, 400, 'text/plain; charset=utf-8', `'${request.url}' of '${origin}' is no URL`)
    return
  }
  const open: Readonly<Record<string, () => unknown>> = {
    'health/ready': () => ({ status: 'ready' }),
    'flotilla/depths': () => depthsOf(broker.namespace),
  }
  const shown = request.method === 'GET' ? open[path] : undefined
  if (shown) {
    send(response, 200, 'application/json', JSON.stringify(shown()))
    return
  }
  const { status, xml } = answer(catalogue, broker, request, url, path)
  const type = status === 200 ? 'application/atom+xml;type=entry;charset=utf-8' : 'application/xml; charset=utf-8'
  send(response, status, type, `<?xml version="1.0" encoding="utf-8"?>${xml}`)
}

/** The read side of the administration API, and how full everything is. */
export function createAdminServer({ broker, maxMessageSize, quota }: AdminOptions): Server {
  const since = new Date(broker.clock.now()).toISOString()
  const catalogue = new Catalogue(broker.namespace, { maxMessageSize, quota, since })
  return createServer((request, response) => {
    request.resume()
    handle(catalogue, broker, request, response)
  })
}
