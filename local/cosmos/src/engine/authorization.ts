import { createHmac, timingSafeEqual } from 'node:crypto'
import { header, type Request } from './exchange.ts'
import { Refusal } from './refusal.ts'
import type { Route } from './route.ts'

/** The key that Microsoft publishes for its own emulator. It opens nothing but emulators. */
export const wellKnownKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=='

/** Checks the signature of a request under the account's key. Throws a Refusal with 401. */
export function authorize(request: Request, { type, link }: Pick<Route, 'type' | 'link'>, key: Buffer): void {
  const given = readSignature(header(request, 'authorization'))
  const date = header(request, 'x-ms-date') ?? header(request, 'date')
  if (date === undefined) throw unauthorized("The header 'x-ms-date' is missing.")
  const payload = `${request.method.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`
  const expected = createHmac('sha256', key).update(payload).digest()
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    const text = payload.replaceAll('\n', '\\n')
    throw unauthorized(
      "The input authorization token can't serve the request. The wrong key is being used or the expected payload is not built as per the protocol. " +
        `Server used the following payload to sign: '${text}'`,
    )
  }
}

function readSignature(authorization: string | undefined): Buffer {
  if (!authorization)
    throw unauthorized('Required Header authorization is missing. Ensure a valid Authorization token is passed.')
  const token = /%3d/i.test(authorization) ? decode(authorization) : authorization
  const [, type, signature] = /^type=([^&]+)&ver=1\.0&sig=(.+)$/.exec(token) ?? []
  if (type === undefined || signature === undefined)
    throw unauthorized('The authorization token has not the form type=master&ver=1.0&sig=…')
  if (type !== 'master')
    throw unauthorized(`Authorization of type '${type}' is not supported by this Cosmos DB stand-in; use its key.`)
  return Buffer.from(signature, 'base64')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw unauthorized('The authorization token is not percent-encoded as it should be.')
  }
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, message)
}
