import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import type { Dispatcher } from 'undici'
import { forwardedHeaders, type Ids, passedOn } from './headers.ts'
import { answer, badGateway, badRequest, bodyTooLarge, gatewayTimeout, type Problem } from './problems.ts'
import type { Upstream } from './upstream.ts'

class BodyTooLarge extends Error {}

const timeouts = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']

/** The client of the service will not send such a request. */
const invalid = 'UND_ERR_INVALID_ARG'

export interface ExchangeOptions {
  request: IncomingMessage
  response: ServerResponse
  upstream: Upstream
  ids: Ids
  /** Bytes of a request's body. */
  bodyLimit: number
  /** Asked when the answer begins: whether its connection should end after it. */
  isClosing: () => boolean
}

/**
 * One request on its way to a service and back. Bodies stream through both ways; nothing is kept. A request is tried again only
 * while no byte of it has been sent, or when it is a GET or HEAD that was not answered: then it can have had no effect.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions
  readonly #body: Transform | null
  #controller: Dispatcher.DispatchController | undefined
  #attempts = 0
  #refused = () => {}
  #over = false

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.#body = bodyOf(options.request, options.bodyLimit)
    options.response.once('close', () => {
      this.#over = true
      if (!options.response.writableFinished) this.#controller?.abort(new Error('the client went away'))
      // What nobody wants to read would hold up the next request of a kept connection.
      options.request.resume()
    })
  }

  send(): void {
    const { request, upstream, ids } = this.#options
    const { pool, refused } = upstream.choose()
    this.#attempts++
    this.#controller = undefined
    this.#refused = refused
    pool.dispatch(
      {
        path: request.url ?? '/',
        method: request.method as Dispatcher.HttpMethod,
        headers: forwardedHeaders(request, ids),
        body: this.#body,
      },
      this,
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('the client went away'))
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // An interim answer is for the gateway only: the final one follows.
    if (status < 200) return
    const { response, ids, isClosing } = this.#options
    response.writeHead(status, {
      'x-request-id': ids['x-request-id'],
      ...passedOn(headers),
      ...(isClosing() && { connection: 'close' }),
    })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response } = this.#options
    if (this.#over || response.write(chunk)) return
    controller.pause()
    response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    if (!this.#over) this.#options.response.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const { response, request, ids } = this.#options
    if (this.#over) return
    if (response.headersSent) {
      response.destroy()
      return
    }
    if (this.#controller === undefined && codeOf(error) !== invalid) this.#refused()
    if (this.#mayRetry(error)) this.send()
    else {
      this.#body?.destroy()
      answer(response, this.#problem(error), pathOf(request), ids)
    }
  }

  #mayRetry(error: Error): boolean {
    if (this.#attempts >= this.#options.upstream.attempts) return false
    if (codeOf(error) === invalid) return false
    const nothingSent = this.#controller === undefined
    const isRead = this.#options.request.method === 'GET' || this.#options.request.method === 'HEAD'
    return nothingSent || (isRead && !timeouts.includes(codeOf(error)))
  }

  #problem(error: Error): Problem {
    const { bodyLimit, upstream } = this.#options
    if (error instanceof BodyTooLarge) return bodyTooLarge(bodyLimit)
    if (codeOf(error) === invalid) return badRequest
    const isTimeout = timeouts.includes(codeOf(error))
    return isTimeout ? gatewayTimeout(upstream.service) : badGateway(upstream.service)
  }
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] as string
}

/**
 * The body, counted on its way. It is a stream of its own, so that a service that fails or answers before it has read all does not
 * take the client's connection with it.
 */
function bodyOf(request: IncomingMessage, limit: number): Transform | null {
  const { 'transfer-encoding': encoding, 'content-length': told } = request.headers
  if (encoding === undefined && Number(told ?? 0) === 0) return null
  let length = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length
      if (length > limit) done(new BodyTooLarge())
      else done(null, chunk)
    },
  })
  request.once('error', (error) => counted.destroy(error))
  return request.pipe(counted)
}
