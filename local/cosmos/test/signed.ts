import { createHmac } from 'node:crypto'
import { wellKnownKey } from '../src/engine/authorization.ts'
import type { Request } from '../src/engine/exchange.ts'

/** A request for the engine, without HTTP, as a client signs it. */
export function signed(
  method: string,
  type: string,
  link: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Request {
  const date = 'Tue, 14 Nov 2023 22:13:20 GMT'
  const text = `${method.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`
  const signature = createHmac('sha256', Buffer.from(wellKnownKey, 'base64')).update(text).digest('base64')
  return {
    method,
    path,
    headers: {
      authorization: encodeURIComponent(`type=master&ver=1.0&sig=${signature}`),
      'x-ms-date': date,
      ...headers,
    },
    body: body === undefined ? '' : JSON.stringify(body),
  }
}
