import type { Refusal } from '../refusal.ts'
import { codec, type DecodedMessage, type Link, type ReceiverLink, type SenderLink, types } from './rhea.ts'
import type { Exchange, Inbound } from './session.ts'

/** What a request is answered with. */
export interface Reply {
  readonly status: number
  readonly description: string
  /** Of a failure: the AMQP error condition. */
  readonly condition?: string
  readonly body?: unknown
}

export type Respond = (reply: Reply) => void

export const refused = ({ condition, message, status }: Refusal): Reply => ({ status, description: message, condition })

/** A client's link that replies come back on. */
class ReplyLink {
  readonly #exchange: Exchange
  readonly #link: SenderLink
  #waiting: Buffer[] = []

  constructor(exchange: Exchange, link: SenderLink) {
    this.#exchange = exchange
    this.#link = link
    exchange.supply(link, () => this.#flush())
  }

  send(message: Buffer): void {
    this.#waiting.push(message)
    this.#flush()
  }

  #flush(): void {
    for (;;) {
      const [next] = this.#waiting
      if (!next || this.#link.credit <= 0 || !this.#exchange.hasRoom(next.length)) return
      this.#waiting.shift()
      this.#exchange.spend(this.#link)
      this.#exchange.send(this.#link, Buffer.from([0]), next, Buffer.alloc(0))
    }
  }
}

const credit = 200

/** The request and reply links of one connection: `$cbs` and every `$management`. */
export class Requests {
  /** By the name clients give in `reply-to`: of the link, or of its target. */
  readonly #replies = new Map<string, ReplyLink>()

  addReplyLink(exchange: Exchange, link: SenderLink): void {
    const reply = new ReplyLink(exchange, link)
    for (const name of [link.name, link.target?.address]) if (name) this.#replies.set(name, reply)
  }

  removeReplyLink(link: Link): void {
    for (const name of [link.name, link.target?.address]) if (name) this.#replies.delete(name)
  }

  /** Serves the requests that come in on a link; `handle` answers once, now or later. */
  serve(exchange: Exchange, link: ReceiverLink, handle: (request: DecodedMessage, respond: Respond) => void): void {
    exchange.receive(link, (inbound) => {
      this.#request(inbound, handle)
      if (link.credit < credit / 2) link.add_credit(credit - link.credit)
    })
    link.add_credit(credit)
  }

  #request(inbound: Inbound, handle: (request: DecodedMessage, respond: Respond) => void): void {
    const request = decode(inbound)
    const reply = request?.reply_to === undefined ? undefined : this.#replies.get(request.reply_to)
    if (!request || !reply) {
      const description = request
        ? `there is no link to reply to ${request.reply_to}`
        : 'the request is no AMQP message'
      inbound.reject({ condition: 'amqp:not-allowed', description })
      return
    }
    inbound.accept()
    handle(request, (answer) => reply.send(encodeReply(request, answer)))
  }
}

function decode(inbound: Inbound): DecodedMessage | undefined {
  try {
    return codec.decode(inbound.data)
  } catch {
    // Whatever rhea stumbled over, the client is told that it was no message.
    return undefined
  }
}

/** Clients read either spelling of the status, `$cbs` the one with hyphens. */
function encodeReply(request: DecodedMessage, { body, condition, description, status }: Reply): Buffer {
  const code = types.wrap_int(status)
  return codec.encode({
    correlation_id: request.message_id,
    application_properties: {
      statusCode: code,
      statusDescription: description,
      'status-code': code,
      'status-description': description,
      ...(condition === undefined ? {} : { errorCondition: types.wrap_symbol(condition) }),
    },
    body,
  })
}
